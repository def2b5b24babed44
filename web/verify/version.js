// The version of the program that this page belongs to; a test compares it.

export const VERSION = "0.1.0.dev0";
