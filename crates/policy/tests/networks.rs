//! Slips of the pen in the settings of networks and bots: each error has its line, its column and its mend.

#![allow(clippy::unwrap_used)]

use policy::{Inputs, load};

#[test]
fn slips_are_refused_with_their_mend() {
    let mut wrong = Vec::new();
    for (text, place, words) in [
        ("[network.countries]\ndeny = ['Germany']", "2:8", "two letters of ISO 3166-1"),
        ("[network.countries]\ndeny = ['DE']", "1:1", "countries cannot be told without a database"),
        ("[network.asns]\ndeny = [64496]", "1:1", "operators cannot be told without a database"),
        ("[[network.list]]\nname = 'a'", "2:8", "keep one of `file` and `url`"),
        ("[[network.list]]\nname = 'a'\nurl = 'http://a.example/x'", "3:7", "`http://` only on this machine"),
        ("[[network.list]]\nname = 'a'\nurl = 'https://a.example/x'\naction = 'drop'", "4:10", "`refuse`"),
        ("[network.bans]\nafter = '5 per minute by user'", "2:9", "write `50 per 10 minutes`"),
        ("[network.bans]\nlongest = '1 minute'", "2:11", "shorter than the first"),
        ("[network.bans]\nweights = { injektion = 1 }", "2:13", "unknown door"),
        ("[bots]\npoints = { crawler = 1 }", "2:12", "`ai-crawler`"),
        ("[bots]\nhoneypots = ['/']", "2:14", "write one whole path"),
        ("[bots]\ntag = 'a b'", "2:7", "x-bot-score"),
        ("[bots.challenge]\nbits = 40", "2:8", "from 1 to 22"),
        ("[bots.challenge]\nwait = 'soon'", "2:8", "is not a length of time"),
        ("[under_attack]\nrefused_percent = 0", "2:19", "from 1 to 100"),
        ("[under_attack]\nmode = 'on'", "2:8", "`manual`"),
    ] {
        let loaded = load(&Inputs { text: Some(text.into()), ..Inputs::default() });
        let told = loaded.err().map(|error| error.lines()).unwrap_or_default();
        if !(told.contains(&format!("policy:{place}: ")) && told.contains(words)) {
            wrong.push(format!("{text}: {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
