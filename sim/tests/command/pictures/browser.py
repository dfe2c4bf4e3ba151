"""Opens pages in headless Chromium and checks them as a reader would.

Usage: browser.py PAGE...   A folder in HALFCLOSE_SCREENSHOTS gets a picture of each page.
Exit status: 0 if every check holds, 1 otherwise; 77 if selenium is not installed.
"""

import json
import os
import shutil
import sys
from pathlib import Path

try:
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    sys.exit(77)

# The text of a page with too little contrast, and lines with too little contrast.
CONTRAST = """
const parse = (text) => { const m = text.match(/[\\d.]+/g).map(Number); return m.length > 3 && m[3] === 0 ? null : m; };
const part = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const behind = (element) => {
  const band = element.closest(".band, .fold");
  if (band) return parse(getComputedStyle(band.querySelector("rect")).fill);
  const svg = element.closest("svg");
  if (svg) return parse(getComputedStyle(svg.querySelector(".paper")).fill);
  for (let it = element; it; it = it.parentElement) {
    const colour = parse(getComputedStyle(it).backgroundColor);
    if (colour) return colour;
  }
  return [255, 255, 255];
};
const bad = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!element.getClientRects().length || ["SCRIPT", "STYLE", "title"].includes(element.tagName)) continue;
  const style = getComputedStyle(element);
  if (own) {
    const ink = parse(element.closest("svg") ? style.fill : style.color);
    const is = ratio(ink, behind(element));
    if (is < 4.5) bad.push(`text ${is.toFixed(2)} ${element.tagName}.${element.getAttribute("class")} ${element.textContent.slice(0, 30)}`);
  } else if (element.matches(".p path, .life, .sent, .acked, .edge, .resent")) {
    const is = ratio(parse(style.stroke), behind(element));
    if (is < 3) bad.push(`line ${is.toFixed(2)} ${element.parentElement.getAttribute("class")}`);
  }
}
return [...new Set(bad)];
"""

# Pairs of labels that cover each other.
OVERLAPS = """
const bad = [];
for (const svg of document.querySelectorAll("svg")) {
  const boxes = [...svg.querySelectorAll("text")]
    .filter((it) => !it.hasAttribute("transform") && it.getClientRects().length)
    .map((it) => [it.getBoundingClientRect(), it.textContent])
    .sort((a, b) => a[0].top - b[0].top);
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const [a, b] = [boxes[i][0], boxes[j][0]];
    if (b.top > a.bottom) break;
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - b.top;
    if (across > 2 && down > 4) bad.push(`${boxes[i][1]} | ${boxes[j][1]}`);
  }
  const whole = svg.getBoundingClientRect();
  for (const [box, text] of boxes) {
    if (box.left < whole.left - 1 || box.right > whole.right + 1) bad.push(`cut: ${text}`);
  }
}
return bad;
"""


class Page:
    """A page in the browser, with the checks that failed."""

    def __init__(self, driver, path):
        self.driver, self.path, self.failed = driver, path, []
        self.scripts(True)
        self.show("screen", "light")
        driver.get_log("performance"), driver.get_log("browser")
        driver.get(path.as_uri())

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def check(self, holds, what):
        if not holds:
            self.failed.append(what)

    def show(self, media, scheme):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})

    def scripts(self, on):
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not on})

    def nothing_leaves(self):
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                self.check(url.split("#")[0] == self.path.as_uri(), f"a request left: {url}")
        for entry in self.driver.get_log("browser"):
            self.failed.append(f"console: {entry['message']}")

    def opens_fast(self):
        # A busy machine is slow at times, a page that is too large is slow each time.
        for _ in range(6):
            milliseconds = self.run("return performance.getEntriesByType('navigation')[0].duration")
            if milliseconds < 2_000:
                break
            self.driver.refresh()
        self.check(milliseconds < 2_000, f"the page takes {milliseconds:.0f} ms to open")
        return milliseconds

    def has(self, selectors):
        for selector in selectors:
            self.check(self.all(selector), f"no element is {selector}")

    def packets_are_the_data(self):
        data = json.loads(self.run("return document.getElementById('data').textContent"))
        count, rows = len(data["packets"]), len(self.all("#packets tbody tr"))
        arrows = len(self.all("svg.ladder .p"))
        thinned = self.all("#ladder .thinned")
        self.check(count == rows, f"{count} packets, {rows} rows")
        self.check(arrows < count if thinned else arrows == count, f"{count} packets, {arrows} arrows")
        return count

    def switches_work(self):
        for switch in self.all(".switches input"):
            name = switch.get_attribute("id").removeprefix("show-")
            hidden = "return [...document.querySelectorAll(arguments[0])].filter((it) => it.getClientRects().length).length"
            before = self.run(hidden, f"svg.ladder .{name}")
            switch.click()
            self.check(self.run(hidden, f"svg.ladder .{name}") == 0, f"{name} is not hidden")
            switch.click()
            self.check(self.run(hidden, f"svg.ladder .{name}") == before, f"{name} does not come back")

    def text_is_selected(self):
        for selector in ["#verdict", "#reproduce", "svg.ladder .p text", "svg .tick"]:
            text = self.run(
                "const it = document.querySelector(arguments[0]); getSelection().selectAllChildren(it);"
                "return getComputedStyle(it).userSelect === 'none' ? '' : getSelection().toString()",
                selector,
            )
            self.check(text.strip(), f"no text of {selector} is selected")
        self.run("getSelection().removeAllRanges(); document.activeElement.blur()")

    def keyboard_reaches(self, count, box):
        """Tab visits every packet; with scripts, the box shows the fields and Down goes on."""
        seen = {}
        body = self.driver.find_element(By.TAG_NAME, "body")
        body.send_keys(Keys.HOME)
        for _ in range(count + 60):
            self.driver.switch_to.active_element.send_keys(Keys.TAB)
            here = self.driver.switch_to.active_element
            words = (here.get_attribute("class") or "").split()
            if "p" in words:
                seen[here.get_dom_attribute("href") or here.id] = self.run(
                    "const it = document.getElementById('fields'); return it.hidden ? '' : it.textContent"
                )
        self.check(len(seen) == count, f"the keyboard reaches {len(seen)} of {count} packets")
        if box:
            whole = [text for text in seen.values() if "sequence number: " in text and "TTL: " in text]
            self.check(len(whole) == count, f"the box shows {len(whole)} of {count} packets")
            first = self.run("const all = document.querySelectorAll('svg.ladder .p'); all[0].focus(); return all[1] === null")
            self.driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
            second = "return document.activeElement === document.querySelectorAll('svg.ladder .p')[1]"
            self.check(not first and self.run(second), "the key Down does not go to the next packet")
            self.driver.switch_to.active_element.send_keys(Keys.ESCAPE)

    def a_packet_leads_to_its_row(self):
        self.run("document.querySelectorAll('svg.ladder .p')[3].focus()")
        self.driver.switch_to.active_element.send_keys(Keys.ENTER)
        found = "const row = document.querySelector('tr:target'); return !!row && row.getClientRects().length > 0"
        self.check(self.run(found), "Enter does not open the row of a packet")
        self.run("location.hash = ''")

    def is_readable(self, scripts):
        for media, scheme in [("screen", "light"), ("screen", "dark"), ("print", "dark")]:
            self.show(media, scheme)
            for problem in self.run(CONTRAST)[:10]:
                self.failed.append(f"{media} {scheme}: {problem}")
            self.picture(f"{media}-{scheme}" + ("" if scripts else "-without-scripts"))
        self.show("screen", "light")
        for problem in self.run(OVERLAPS)[:10]:
            self.failed.append(f"overlap: {problem}")

    def picture(self, name):
        folder = os.environ.get("HALFCLOSE_SCREENSHOTS")
        if folder:
            self.driver.save_screenshot(str(Path(folder) / f"{self.path.stem}-{name}.png"))


def run_page(page):
    """The checks of a page of a run."""
    page.has(["h1", "#verdict", "#reproduce", "#digest", "#told pre", "svg.ladder", "#sequence", "#mattered",
              "#laws", "#scenario pre"])
    count = page.packets_are_the_data()
    page.switches_work()
    page.text_is_selected()
    page.a_packet_leads_to_its_row()
    if count < 100:
        page.keyboard_reaches(count, True)
    page.is_readable(True)
    # Once more without scripts: everything but the box is there.
    page.scripts(False)
    page.driver.get(page.path.as_uri())
    page.packets_are_the_data()
    page.switches_work()
    page.check(page.driver.find_element(By.ID, "fields").is_displayed() is False, "an empty box is shown")
    if count < 100:
        page.keyboard_reaches(count, False)
    page.is_readable(False)


def search_page(page):
    """The checks of a page of a search: pictures, contrast, and the switches of a matrix."""
    page.has(["h1", "main section h2", "svg"])
    if page.all("#choose"):
        what_if(page)
    page.is_readable(True)
    if page.all("#choose"):
        page.scripts(False)
        page.driver.get(page.path.as_uri())
        switches_choose(page)
        a_cell_chooses(page, False)
        page.is_readable(False)


# The texts and the ladders that are shown, and the command line.
SHOWN = """
const seen = (selector) => [...document.querySelectorAll(selector)].filter((it) => it.getClientRects().length);
return [seen("#meaning > .card").map((it) => it.innerText), seen("#run .wide > .card").map((it) => it.id),
        seen("#run .again").map((it) => it.innerText).join("")];
"""

# The choices that do not show one text, one ladder and one whole command line, of each thirteenth choice.
MANY_CHOICES = """
const groups = [...document.querySelectorAll("#choose fieldset")].map((it) => [...it.querySelectorAll("input")]);
const lists = ["#meaning > .card", "#run .wide > .card", "#run .again .only"].map((it) => [...document.querySelectorAll(it)]);
const bad = [];
let count = 0;
const chosen = [];
const walk = (axis) => {
  if (axis < groups.length) return groups[axis].forEach((it) => { chosen[axis] = it; walk(axis + 1); });
  count += 1;
  if (count % 13) return;
  chosen.forEach((it) => { it.checked = true; });
  const shown = lists.map((list) => list.filter((it) => getComputedStyle(it).display !== "none").length);
  if (shown.join() !== "1,1,5") bad.push(shown.join());
};
walk(0);
groups.forEach((it) => { it[0].checked = true; });
return [count, bad];
"""


def what_if(page):
    """The switches of a matrix by mouse and by keyboard, every choice, and the cells."""
    count, bad = page.run(MANY_CHOICES)
    page.check(count > 500 and not bad, f"{len(bad)} of {count} choices show {bad[:3]}")
    switches_choose(page)
    a_cell_chooses(page, True)
    for selector in ["#meaning > .card p", "#run .again code"]:
        text = page.run(
            "const it = [...document.querySelectorAll(arguments[0])].find((it) => it.getClientRects().length);"
            "getSelection().selectAllChildren(it);"
            "return getComputedStyle(it).userSelect === 'none' ? '' : getSelection().toString()",
            selector,
        )
        page.check(text.strip(), f"no text of {selector} is selected")
    page.run("getSelection().removeAllRanges()")


def switches_choose(page):
    """A click on a word and the arrow keys choose; the page says why 7,016 bytes were kept."""
    first = page.run(SHOWN)
    page.check(len(first[0]) == 1 and len(first[1]) == 1, f"shown at first: {first}")
    page.driver.find_element(By.CSS_SELECTOR, "label:has(#w2-2)").click()
    (text,), (ladder,), again = page.run(SHOWN)
    for words in ["only the first 7016 of 10000", "Why?", "had read 7016", "destroyed the other 2984", "disk"]:
        page.check(words in text, f"{words} is not in {text}")
    page.check("server.host=winsock" in again, f"the command line is {again}")
    page.check([ladder] != first[1], "the ladder stays")
    page.driver.find_element(By.ID, "w0-0").send_keys(Keys.ARROW_DOWN * 4)
    (text,), (fin,), again = page.run(SHOWN)
    page.check("intact" in text and "client.close=fin" in again, f"the arrow keys choose {again}")
    page.check(fin != ladder, "the ladder stays")
    page.driver.find_element(By.ID, "w0-4").send_keys(Keys.TAB)
    group = page.driver.switch_to.active_element.get_attribute("name")
    page.check(group == "axis1", f"Tab goes from the clients to {group}")
    page.picture("chosen")


def a_cell_chooses(page, scripts):
    """A cell of the matrix shows its run: through the switches, or without scripts as a link."""
    cells = page.all("svg.matrix a.cell")
    page.check(len(cells) == 200, f"{len(cells)} cells")
    page.run("arguments[0].focus()", cells[3])
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    texts, ladders, _ = page.run(SHOWN)
    page.check(len(texts) == 1 and "wfw311" in texts[0], f"a cell shows {texts}")
    page.check(len(ladders) == 1, f"a cell shows the ladders {ladders}")
    chosen = page.all("#w2-3:checked")
    page.check(bool(chosen) == scripts, f"the cell chooses {len(chosen)} switches")
    if not scripts:
        page.check("For example" in texts[0], "no command line")
        page.driver.get(page.path.as_uri())


def main():
    options = webdriver.ChromeOptions()
    for word in ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1400"]:
        options.add_argument(word)
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    failed = 0
    try:
        for name in sys.argv[1:]:
            page = Page(driver, Path(name).resolve())
            milliseconds = page.opens_fast()
            (run_page if page.all("#data") else search_page)(page)
            page.nothing_leaves()
            print(f"{page.path.name}: opened in {milliseconds:.0f} ms, {len(page.failed)} problems")
            for problem in page.failed:
                print(f"  {problem}")
            failed += len(page.failed)
    finally:
        driver.quit()
    sys.exit(1 if failed else 0)


main()
