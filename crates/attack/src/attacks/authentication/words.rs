//! Secrets that people write while they develop, and forget: composed of words, names, years and endings.

use std::collections::HashSet;

/// Words that stand for a secret.
const BASES: &str = "\
    secret key token jwt password passphrase private auth access signing session app api server \
    admin root user test testing dev development demo example sample default local localhost \
    production prod staging backend service changeme replaceme supersecret topsecret verysecret \
    mysecret notsecret insecure unsafe hello world letmein welcome master company shop store \
    project website qwerty dragon foobar foo bar abc keyboard random monkey sunshine princess \
    football baseball superman batman shadow matrix ninja cookie signature hash salt hmac bearer \
    oauth login user security secure hidden magic awesome simple easy temp temporary fake dummy \
    mock placeholder todo unknown empty nothing anything something whatever data database crypto \
    encryption cipher jsonwebtoken web rest mobile client frontend customer bank cloud docker \
    hacker hackme vulnerable";

/// Frameworks and libraries, by whose names people call their secrets.
const FRAMEWORKS: &str = "\
    express nest nestjs fastapi flask django rails laravel symfony spring springboot node nodejs \
    next nextjs nuxt koa fastify hapi golang gin echo fiber dotnet aspnet graphql apollo mongo \
    strapi hasura react vue";

/// Sentences of documentation that are meant to be replaced, word by word.
const PHRASES: &str = "\
    your secret|your secret key|your jwt secret|your jwt secret key|your secret here|\
    your secret key here|your token secret|your 256 bit secret|your 384 bit secret|\
    your 512 bit secret|your signing key|your key|my secret|my secret key|my jwt secret|\
    my super secret|my super secret key|my token secret|my key|super secret|super secret key|\
    super secret jwt key|super secret token|super secret password|very secret|very secret key|\
    very very secret|top secret|top secret key|top secret jwt|secret key|secret jwt|secret token|\
    secret password|secret value|secret string|secret word|jwt secret|jwt secret key|jwt key|\
    jwt token secret|jwt signing key|access token secret|refresh token secret|token secret|\
    token key|app secret|api secret|api key|session secret|change me|change this|please change me|\
    replace me";

/// More of those, and lines that stand in many examples as they are.
const LINES: &str = "\
    keyboard cat|shhhhh|shhhhhhared-secret|sshhh|ssh|s3cr3t|s3cret|sup3rs3cr3t|p4ssw0rd|P@ssw0rd|\
    P@ssw0rd1|Passw0rd|pa$$w0rd|hunter2|correct horse battery staple|thisisasecret|thisismysecret|\
    this is a secret|this is my secret|this-is-a-secret|thisisasamplekey|this is a very secret key|\
    do not use this in production|change this in production|CHANGE_THIS_IN_PRODUCTION|\
    dont tell anyone|dont-tell-anyone|do-not-tell|nobody knows|somethingsecret|something secret|\
    some secret|some-secret|some_secret|asecret|a secret|a-very-long-secret|averylongsecret|\
    not so secret|not-so-secret|HS256|none|null|undefined";

/// Rows and columns of keyboards, and rows of numbers.
const ROWS: &str = "\
    qwertyuiop asdfghjkl zxcvbnm qwertz azerty qazwsx 1qaz2wsx zaq12wsx asdf asdfgh asdf1234 \
    qwer1234 1q2w3e4r 1234 12345 123456 1234567 12345678 123456789 1234567890 0123456789 abcdef \
    abcdefgh abc123 0000 111111";

/// What people put behind a word to make it stronger.
const ENDINGS: &str = "\
    |1|12|123|1234|12345|123456|!|!!|!123|123!|1!|@123|#123|01|007|42|2|99|secret|-secret|_secret|\
    key|-key|_key|token|-token|_token|-jwt|_jwt|-secret-key|_secret_key|-jwt-secret|_jwt_secret";

/// Years that were the present when somebody wrote a secret.
const YEARS: std::ops::RangeInclusive<u32> = 2015..=2030;

/// All secrets that are tried, with those made of the API's own words.
pub(super) fn secrets(own: &[String]) -> Vec<String> {
    let mut all = Secrets::default();
    LINES.split('|').chain(ROWS.split(' ')).for_each(|line| all.add(line.to_owned()));
    for phrase in PHRASES.split('|') {
        let words: Vec<&str> = phrase.split(' ').collect();
        for spelling in spellings(&words) {
            ["", "1", "123", "!", "."].iter().for_each(|end| all.add(format!("{spelling}{end}")));
        }
    }
    let named = BASES.split(' ').chain(FRAMEWORKS.split(' ')).map(str::to_owned);
    let own = own.iter().flat_map(|word| [word.clone(), word.replace(['-', '_'], "")]);
    for word in named.chain(own) {
        for spelling in [word.clone(), capital(&word), word.to_ascii_uppercase()] {
            for end in ENDINGS.split('|') {
                all.add(format!("{spelling}{end}"));
                all.add(format!("{spelling}{}", end.to_ascii_uppercase()));
            }
            YEARS.for_each(|year| all.add(format!("{spelling}{year}")));
        }
        for front in
            ["my", "my-", "my_", "your-", "the-", "super-", "secret", "secret-", "secret_", "jwt-", "jwt_"]
        {
            all.add(format!("{front}{word}"));
        }
        all.add(word.repeat(2));
        all.add(format!("{word}{word}{word}"));
    }
    // One letter or digit, again and again until it is long enough.
    for c in ('a'..='z').chain('0'..='9') {
        [1, 8, 16, 32, 64].iter().for_each(|times| all.add(c.to_string().repeat(*times)));
    }
    for word in [
        "secret",
        "password",
        "test",
        "key",
        "0123456789",
        "1234567890",
        "0123456789abcdef",
        "abcdefghijklmnopqrstuvwxyz",
    ] {
        for length in [16, 24, 32, 48, 64] {
            all.add(word.chars().cycle().take(length).collect());
        }
    }
    all.add(String::new());
    all.list
}

#[derive(Default)]
struct Secrets {
    seen: HashSet<String>,
    list: Vec<String>,
}

impl Secrets {
    fn add(&mut self, secret: String) {
        if self.seen.insert(secret.clone()) {
            self.list.push(secret);
        }
    }
}

/// The words in the ways in which names are written.
fn spellings(words: &[&str]) -> Vec<String> {
    let capitals: Vec<String> = words.iter().map(|word| capital(word)).collect();
    let camel = |first: &str| first.to_owned() + &capitals.iter().skip(1).cloned().collect::<String>();
    let mut all = Vec::new();
    for between in ["", "-", "_", " ", "."] {
        all.push(words.join(between));
        all.push(words.join(between).to_ascii_uppercase());
        all.push(capitals.join(between));
    }
    all.push(camel(words.first().copied().unwrap_or("")));
    all.push(format!("<{}>", words.join("-")));
    all
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_thousands_of_secrets_each_once() {
        let all = secrets(&["shop".to_owned()]);
        assert!((10_000..80_000).contains(&all.len()), "{}", all.len());
        let few: HashSet<&String> = all.iter().collect();
        assert_eq!(few.len(), all.len());
        for secret in [
            "secret",
            "your-256-bit-secret",
            "JWT_SECRET",
            "mySuperSecretKey",
            "django-insecure",
            "Express2023",
            "shop_jwt_secret",
        ] {
            assert_eq!(all.iter().any(|known| known == secret), secret != "django-insecure", "{secret}");
        }
    }
}
