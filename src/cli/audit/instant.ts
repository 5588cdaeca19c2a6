const two = (value: number) => String(value).padStart(2, "0");

/** `2026-11-25`, by this machine's time zone. */
export function localDay(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** `09:00:00.313`, likewise. */
export function localTime(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** What the machine's time zone is off at that moment: `UTC`, `UTC+01:00`. */
export function localOffset(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const off = Math.abs(minutes);
  return minutes === 0 ? "UTC" : `UTC${minutes < 0 ? "-" : "+"}${two(Math.floor(off / 60))}:${two(off % 60)}`;
}

/** `2026-11-25 09:00:00 – 09:04:12 UTC`: the day of the end only where it is another one. */
export function periodText(from: string, to: string): string {
  const [fromDay = "", fromTime = ""] = from.split("T");
  const [toDay = "", toTime = ""] = to.split("T");
  const end = toDay === fromDay ? toTime.slice(0, 8) : `${toDay} ${toTime.slice(0, 8)}`;
  return `${fromDay} ${fromTime.slice(0, 8)} – ${end} UTC`;
}
