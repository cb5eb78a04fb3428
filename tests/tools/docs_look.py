"""Look at every page of the site in Chromium: desktop and phone, light and dark.

    docs_look.py SITE SHOTS [--quick] [PAGE...]

Fails if a page is wider than the screen, asks for anything that is not a file of the site, has an
error in its console, or shows a formula that has no size. Screenshots go to SHOTS; with --quick
there are none, and light phones only.
"""

import itertools
import os
import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

SCREENS = {"desktop": (1400, 900), "phone": (390, 844)}

# The theme lets all of a page's content scroll sideways: that counts as too wide, too. Tables, code
# and formulas may scroll by themselves.
MEASURE = """() => {
    const content = document.querySelector('.content') || document.body;
    const wide = [...document.querySelectorAll('article *')].filter(e => {
        const box = e.getBoundingClientRect();
        if (box.right <= innerWidth + 1 || !box.width) return false;
        for (let p = e.parentElement; p != content && p; p = p.parentElement)
            if (getComputedStyle(p).overflowX != 'visible') return false;
        return true;
    });
    const flat = [...document.querySelectorAll('math')].filter(e => {
        const box = e.getBoundingClientRect();
        return e.checkVisibility() && (box.width < 2 || box.height < 4);
    });
    return {
        width: Math.max(
            document.documentElement.scrollWidth,
            innerWidth + content.scrollWidth - content.clientWidth
        ),
        wide: wide.slice(0, 3).map(e => e.tagName + ' ' + e.textContent.slice(0, 60)),
        flat: flat.map(e => e.textContent.slice(0, 60)),
    };
}"""


def look(page, site, path, name, width, shots):
    troubles = []
    heard = {
        "console": lambda m: m.type == "error" and troubles.append(m.text),
        "pageerror": lambda e: troubles.append(str(e)),
        "request": lambda r: r.url.startswith(("file:", "data:")) or troubles.append(r.url),
        "requestfailed": lambda r: troubles.append(f"not there: {r.url}"),
    }
    for event, hear in heard.items():
        page.on(event, hear)
    page.goto((site / path).as_uri())
    found = page.evaluate(MEASURE)
    if found["width"] > width + 1:  # a pixel may be rounding
        troubles.append(f"{found['width']} pixels wide: {found['wide']}")
    troubles += [f"formula without size: {text}" for text in found["flat"]]
    if shots:
        page.screenshot(path=shots / f"{name}.png", full_page=True)
    for event, hear in heard.items():
        page.remove_listener(event, hear)
    return troubles


def main(site, shots, *wanted):
    quick = "--quick" in wanted
    wanted = [w for w in wanted if w != "--quick"]
    site, shots = pathlib.Path(site).resolve(), None if quick else pathlib.Path(shots)
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
    pages = sorted(p.relative_to(site) for p in site.rglob("*.html"))
    pages = [p for p in pages if not wanted or any(w in str(p) for w in wanted)]
    pages = [p for p in pages if not str(p).startswith(("_static", "_modules"))]
    failed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox"],
        )
        looks = list(itertools.product(SCREENS.items(), ["light", "dark"]))
        for (screen, (width, height)), scheme in looks[2:3] if quick else looks:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                is_mobile=screen == "phone",
            )
            page = context.new_page()
            for path in pages:
                stem = str(path.with_suffix("")).replace("/", "-")
                name = f"{stem}-{screen}-{scheme}"
                for trouble in look(page, site, path, name, width, shots):
                    failed += 1
                    print(f"{path} ({screen}, {scheme}): {trouble}")
            context.close()
        browser.close()
    print(f"{len(pages)} pages looked at, {failed} troubles")
    return failed > 0 or not pages


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
