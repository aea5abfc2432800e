//! What people send every day and no gate may refuse.

/// Texts that people write.
pub(super) const TEXTS: [&str; 30] = [
    "O'Brien",
    "D'Angelo & Sons, Ltd.",
    "Zoë Müller-Østergård",
    "李小龍 – 功夫",
    "Please select the best option and drop me a line from the office.",
    "I'd like to order 2 x 4\" screws; could you update the delivery address?",
    "Union members: where do I insert the form?",
    "It's 50% off -- really? Great!",
    "Tom & Jerry <3",
    "if a < b and b > c then we're done",
    "# Heading\n\n* one\n* **two**\n\n> quoted\n\n`code`",
    "[docs](https://example.com/a?b=c&d=e#f)",
    "C:\\Users\\alice\\Documents",
    "See ../README.md for more",
    "The script ran fine on Monday.",
    "Meet at 10:30 (GMT+1); bring: pens, paper, tea",
    "price: $9.99, 3 for $25!",
    "👩‍💻 shipping 🚀 today",
    "مرحبا بالعالم",
    "a+b=c, x/y, 100%",
    "R&D's budget = 5.000 €",
    "Null",
    "undefined behaviour",
    "\"quoted\" and 'single'",
    "e-mail: first.last+tag@example.co.uk",
    "line one\nline two\r\nline three",
    "The table was set; the users were happy.",
    "Order by Friday, or from Monday on.",
    "1/2 cup sugar, 1-2 eggs",
    "Passw0rd hints: none; drop by if you forget it",
];

/// Values that people search for.
pub(super) const QUERIES: [&str; 4] = ["O'Brien", "select", "a b & c", "ünïcödé"];

/// The caption of an upload.
pub(super) const CAPTION: &str = "Me at O'Brien's";

/// Contents of files that people upload.
pub(super) const FILES: [&str; 2] =
    ["\u{feff}title,price\nO'Brien's desk,9.99\n", "SELECT your seat; don't drop it"];
