/** Of this package. Not read from package.json, which a bundler would lose; a test holds the two together. */
export const VERSION = "1.0.0";
