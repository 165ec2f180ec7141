// Drives the page: node page-checks.js BROWSER URL URL-THAT-WANTS-A-KEY FOLDER
const {chromium} = require('playwright-core');
const assert = require('node:assert/strict');
const [browserPath, url, keyUrl, folder] = process.argv.slice(2);
const PATIENCE = {timeout: 120000};

const MARKDOWN = ['# Title', '', 'Some **bold**, *slanted* and `code` with <b>no markup</b>.', '', '- one', '- two', '  - deeper', '', '1. first', '2. second', '',
  '| name | length |', '|---|--:|', '| Elbe | 1094 |', '', '```java', 'record Point(double x, double y) { } // "text"', '```', '', '> quoted', '',
  '[good](https://example.org) [bad](javascript:alert(1))'].join('\n');

async function answered(page, count) {
  await page.waitForFunction((n) => document.querySelectorAll('.message.assistant .facts').length >= n && document.getElementById('stop').hidden, count, PATIENCE);
}

async function fits(page, what) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${what}: wider than the window by ${over} pixels`);
}

async function check(browser, name, colorScheme, width, height) {
  const context = await browser.newContext({colorScheme, viewport: {width, height}});
  const page = await context.newPage();
  const problems = [];
  page.on('console', (m) => m.type() === 'error' && problems.push(m.text()));
  page.on('pageerror', (e) => problems.push(String(e)));
  page.on('request', (r) => r.url().startsWith(url) || r.url().startsWith('data:') || problems.push(`asked for ${r.url()}`));
  page.on('dialog', (d) => d.accept());
  const shot = (step) => page.screenshot({path: `${folder}/page-${name}-${step}.png`});
  const small = width < 900;

  await page.goto(url, PATIENCE);
  await page.waitForSelector('.layer-map', {state: 'attached', ...PATIENCE});
  await fits(page, 'beginning');
  await shot('begin');

  // an answer arrives in pieces, and can be stopped from the keyboard
  await page.keyboard.type('Once upon a time, there was a little fox who');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => (document.querySelector('.message.assistant .body')?.textContent.length ?? 0) > 15, null, PATIENCE);
  const early = (await page.textContent('.message.assistant .body')).length;
  await page.keyboard.press('Escape');
  await answered(page, 1);
  const stopped = await page.textContent('.message.assistant');
  assert.match(stopped, /stopped|tokens/);
  assert.ok(early > 0);

  // asked again, the answer is another; with a seed the same
  if (small) await page.click('#open-panel');
  await page.fill('.setting:has-text("Seed") input', '7');
  await page.fill('.setting:has-text("Longest answer") input', '24');
  await page.keyboard.press('Tab');
  if (small) await page.keyboard.press('Escape');
  const again = async () => {
    await page.click('.message.assistant .actions button:has-text("Again")');
    await page.waitForTimeout(100);
    await answered(page, 1);
    return page.textContent('.message.assistant .body');
  };
  const first = await again();
  assert.ok(first.trim().length > 10, 'an answer of some length');
  assert.equal(await again(), first, 'equal seeds, equal answers');

  // an edited message replaces what follows it
  await page.click('.message.user .actions button:has-text("Edit")');
  await page.fill('.message.user textarea', 'The king and the queen');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(100);
  await answered(page, 1);
  assert.equal(await page.locator('.message').count(), 2);
  assert.match(await page.textContent('.message.user .body'), /king/);
  assert.notEqual(await page.textContent('.message.assistant .body'), first);
  await shot('chat');
  await fits(page, 'conversation');

  // conversations are kept over a reload, and can be removed
  await page.evaluate((text) => {
    const all = JSON.parse(localStorage.getItem('heddle.conversations'));
    all.push({id: 'markdown', title: 'Markdown', system: '', changed: 1, messages: [{role: 'user', content: 'Show it'}, {role: 'assistant', content: text}]});
    localStorage.setItem('heddle.conversations', JSON.stringify(all));
  }, MARKDOWN);
  await page.reload(PATIENCE);
  await page.waitForSelector('.layer-map', {state: 'attached', ...PATIENCE});
  assert.match(await page.textContent('.message.user .body'), /king/);
  if (small) await page.click('#open-conversations');
  await page.click('#conversation-list .title:has-text("Markdown")');
  const body = page.locator('.message.assistant .body');
  for (const tag of ['h3', 'strong', 'em', 'ul ul li', 'ol li', 'table td.to-right', 'pre .c-word', 'blockquote', 'a[href="https://example.org"]']) {
    assert.ok(await body.locator(tag).count() > 0, `Markdown: ${tag}`);
  }
  assert.equal(await body.locator('b').count(), 0, 'markup is text');
  assert.equal(await body.locator('a').count(), 1, 'only safe links');
  await shot('markdown');
  await fits(page, 'Markdown');
  if (small) await page.click('#open-conversations');
  await page.locator('#conversation-list li:has-text("Markdown") .remove').click();
  assert.equal(await page.locator('#conversation-list .title:has-text("Markdown")').count(), 0);
  if (small) await page.keyboard.press('Escape');

  // the trace: a row for each layer, a column for each token
  await page.focus('#tab-chat');
  await page.keyboard.press('ArrowRight');
  await page.click('.trace-form button');
  await page.waitForSelector('.heat canvas', PATIENCE);
  const rows = await page.locator('.row-name').count();
  const columns = await page.locator('.token-heads .token-head:not(.still)').count();
  assert.ok(rows >= 2 && columns >= 9, `${rows} rows, ${columns} columns`);
  const colours = await page.evaluate(() => {
    const canvas = document.querySelector('.heat canvas');
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return new Set(Array.from({length: data.length / 4}, (_, i) => `${data[4 * i]} ${data[4 * i + 1]} ${data[4 * i + 2]}`)).size;
  });
  assert.ok(colours > 20, `${colours} colours in the heat map`);
  await shot('trace');
  await page.locator('.row-name.attention').first().click();
  assert.equal(await page.locator('.detail canvas').count(), 1);
  await page.locator('.detail').scrollIntoViewIfNeeded();
  await shot('attention');
  await page.locator('.row-name.recurrent').first().click();
  assert.equal(await page.locator('.sentence .column').count(), columns);
  await fits(page, 'trace');
  if (small) {
    await page.click('#open-panel');
    await page.waitForTimeout(300);
    await shot('panel');
  }
  assert.deepEqual(problems, []);
  await context.close();
}

async function keyWanted(browser) {
  const page = await browser.newPage();
  await page.goto(keyUrl, PATIENCE);
  await page.waitForSelector('#key-dialog[open]', PATIENCE);
  await page.fill('#key', 'wrong');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(500);
  await page.waitForSelector('#key-dialog[open]', PATIENCE);
  await page.fill('#key', 'knock-knock');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.layer-map', {state: 'attached', ...PATIENCE});
  await page.close();
}

(async () => {
  const browser = await chromium.launch({executablePath: browserPath, args: ['--no-sandbox']});
  try {
    await check(browser, 'light', 'light', 1400, 900);
    await check(browser, 'dark', 'dark', 1100, 800);
    await check(browser, 'small', 'light', 390, 800);
    await keyWanted(browser);
  } finally {
    await browser.close();
  }
})().catch((e) => {
  console.error(`         ${e.message.split('\n').slice(0, 6).join('\n         ')}`);
  process.exit(1);
});
