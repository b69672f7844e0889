// Runs Lighthouse on each address of the standard input, one a line, and answers by its report.
// All are opened in one browser: to start one for each, and the program, takes as long as to judge.
// Arguments: the path of Chromium, the categories, and options for the browser.
import { createInterface } from "node:readline";
import lighthouse from "lighthouse";
import puppeteer from "puppeteer-core";

const [executablePath, categories, ...args] = process.argv.slice(2);
const browser = await puppeteer.launch({ executablePath, args });
const settings = {
  port: new URL(browser.wsEndpoint()).port,
  onlyCategories: categories.split(","),
  // No category looks at the picture of the whole page, which takes two seconds.
  disableFullPageScreenshot: true,
  logLevel: "error",
};
for await (const url of createInterface({ input: process.stdin })) {
  const { lhr } = await lighthouse(url, settings);
  process.stdout.write(`${JSON.stringify(lhr)}\n`);
}
await browser.close();
