// Firefox opens a page with a script beside it, and answers what the script is asked.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const [executablePath, page, script] = process.argv.slice(2);
const orders = JSON.parse(readFileSync(0, "utf-8"));
const browser = await puppeteer.launch({ browser: "firefox", executablePath });
try {
  const tab = await browser.newPage();
  await tab.goto(pathToFileURL(page).href);
  await tab.addScriptTag({ content: readFileSync(script, "utf-8") });
  process.stdout.write(await tab.evaluate((asked) => askAll(playTrainer, asked), orders));
} finally {
  await browser.close();
}
