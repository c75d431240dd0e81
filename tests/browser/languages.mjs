// The languages that the program has words in: each page is tried in each of them.
export const LANGUAGES = ["en", "pt", "he"];
