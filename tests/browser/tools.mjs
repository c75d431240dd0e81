// The packages of package.json, which stand outside the source tree: where tests/browser/run installed them.
import { createRequire } from "node:module";
import { join } from "node:path";

function given(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} isn't set; start these tests by tests/browser/run`);
  return value;
}

/** Where packages are installed and screenshots go. */
export const workshop = given("DRIPLINE_BROWSER_FOLDER");
/** The program that is tested. */
export const program = given("DRIPLINE_PROGRAM");
/** The browser's program. */
export const browserProgram = given("DRIPLINE_CHROMIUM");

const require = createRequire(join(workshop, "package.json"));
export const { chromium } = require("playwright-core");
export const axe = require("axe-core");
export const { HtmlValidate } = require("html-validate");
