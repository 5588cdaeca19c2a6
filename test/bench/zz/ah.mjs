import { createHook, AsyncLocalStorage } from "node:async_hooks";
