#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;

use super::{EFFECTS, Effect, weaker};
use crate::config::TABLES;
use crate::load::{Inputs, load};
use crate::policy::Policy;
use crate::route::RouteConfig;

const KEY: &str = "[[auth.api_key]]\nsubject = 'a'\nsha256 = '2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90'\n";
const OTHER_KEY: &str = "[[auth.api_key]]\nsubject = 'b'\nsha256 = '81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9'\n";
const ISSUER: &str = "[[auth.issuer]]\nissuer = 'https://i.example'\njwks = 'https://i.example/keys'\n";
const SECRET: &str = "[[auth.issuer.key]]\nalgorithm = 'HS256'\nsecret_file = '{dir}/secret'\n";

const PROVIDER: &str = "{accounts}[[auth.provider]]\nname = 'idp'\nissuer = 'https://idp.example'\nclient_id = 'shop'\nclient_secret_env = 'PATH'\n";

/// Files that policies name, in a directory of their own.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    };
    let document = |security: &str| {
        format!(
            "openapi: 3.1.0\ninfo: {{ title: a, version: '1' }}\n\
             components: {{ securitySchemes: {{ b: {{ type: http, scheme: bearer }}, o: {{ type: oauth2, flows: {{}} }} }} }}\n\
             paths:\n  /a:\n    get: {{ {security}responses: {{}} }}\n"
        )
    };
    write("api.yaml", &document("security: [{ o: [read, write] }], "));
    write("less.yaml", &document("security: [{ o: [read] }], "));
    write("none.yaml", &document(""));
    write("overlay.yaml", "overlay: 1.0.0\ninfo: { title: a, version: '1' }\nactions: []\n");
    write("denied", "192.0.2.0/24\n");
    std::fs::write(
        directory.path().join("country.mmdb"),
        include_bytes!("../../../reputation/tests/country.mmdb"),
    )
    .unwrap();
    std::fs::write(directory.path().join("asn.mmdb"), include_bytes!("../../../reputation/tests/asn.mmdb"))
        .unwrap();
    write("secret", "0123456789abcdef0123456789abcdef");
    write("other.secret", "0123456789abcdef0123456789abcdeF");
    write("weak", "0123456789abcdef");
    write(
        "forbid.cedar",
        "permit (principal, action, resource);\nforbid (principal, action == Action::\"GET /a\", resource);\n",
    );
    write("permit.cedar", "permit (principal, action, resource);\n");
    write("crs/rules/own.conf", "SecAction id:1,phase:1,pass,nolog\n");
    write("other/rules/own.conf", "SecAction id:1,phase:1,pass,nolog\n");
    write("own.conf", "SecAction id:2,phase:1,pass,nolog\n");
    write("cert.pem", "");
    directory
}

fn policy(text: &str, directory: &Path) -> Result<Policy, String> {
    let text = text.replace("{dir}", directory.to_str().unwrap());
    let inputs = Inputs { text: Some(text.clone()), ..Inputs::default() };
    load(&inputs).map_err(|error| format!("{}\n{text}", error.lines()))
}

/// A setting, a value that protects, one that protects less, and what is told of it. A line may have several settings.
const PAIRS: &[(&str, &str, &str, &str)] = &[
    ("gateway.openapi", "[gateway]\nopenapi = '{dir}/api.yaml'", "", "the OpenAPI document is gone"),
    (
        "gateway.openapi",
        "[gateway]\nopenapi = '{dir}/api.yaml'",
        "[gateway]\nopenapi = '{dir}/none.yaml'",
        "no credential",
    ),
    (
        "gateway.openapi",
        "[gateway]\nopenapi = '{dir}/api.yaml'",
        "[gateway]\nopenapi = '{dir}/less.yaml'",
        "asks for less",
    ),
    (
        "gateway.overlay",
        "[gateway]\nopenapi = '{dir}/api.yaml'\noverlay = ['{dir}/overlay.yaml']",
        "[gateway]\nopenapi = '{dir}/api.yaml'",
        "it loses the overlay",
    ),
    ("gateway.trusted_proxies", "", "[gateway]\ntrusted_proxies = ['0.0.0.0/0']", "it gains 0.0.0.0/0"),
    ("gateway.client_address_from", "", "[gateway]\nclient_address_from = 'forwarded'", "may protect less"),
    (
        "gateway.keep_forwarded",
        "",
        "[gateway]\nkeep_forwarded = ['x-forwarded-host']",
        "it gains x-forwarded-host",
    ),
    (
        "gateway.proxy_protocol",
        "[gateway]\ntrusted_proxies = ['10.0.0.0/8']\nproxy_protocol = 'required'",
        "[gateway]\ntrusted_proxies = ['10.0.0.0/8']",
        "may protect less",
    ),
    ("gateway.upgrades", "", "[gateway]\nupgrades = ['websocket', 'x']", "it gains x"),
    ("gateway.hosts", "[gateway]\nhosts = ['a.example']", "", "lets all in"),
    (
        "gateway.hosts",
        "[gateway]\nhosts = ['a.example']",
        "[gateway]\nhosts = ['a.example', 'b.example']",
        "it gains b.example",
    ),
    ("gateway.max_connections", "", "[gateway]\nmax_connections = 100000", "it was 16384, is 100000"),
    ("gateway.share_port", "", "[gateway]\nshare_port = true", "it was false, is true"),
    ("gateway.max_held", "", "[gateway]\nmax_held = '9 GiB'", "max_held was"),
    (
        "gateway.max_held_per_client",
        "",
        "[gateway]\nmax_held_per_client = '200 MiB'",
        "max_held_per_client was",
    ),
    ("gateway.min_upload_rate", "", "[gateway]\nmin_upload_rate = '1 B'", "it was"),
    (
        "gateway.tls.client_ca",
        "[gateway.tls]\ncertificate = '{dir}/cert.pem'\nkey = '{dir}/secret'\nclient_ca = '{dir}/cert.pem'",
        "[gateway.tls]\ncertificate = '{dir}/cert.pem'\nkey = '{dir}/secret'",
        "may protect less",
    ),
    (
        "gateway.tls.client_crl",
        "[gateway.tls]\ncertificate = '{dir}/cert.pem'\nkey = '{dir}/secret'\nclient_ca = '{dir}/cert.pem'\nclient_crl = ['{dir}/cert.pem']",
        "[gateway.tls]\ncertificate = '{dir}/cert.pem'\nkey = '{dir}/secret'\nclient_ca = '{dir}/cert.pem'",
        "it loses the list",
    ),
    (
        "gateway.tls.client_certificate",
        "[gateway.tls]\ncertificate = '{dir}/cert.pem'\nkey = '{dir}/secret'\nclient_ca = '{dir}/cert.pem'\nclient_certificate = 'required'",
        "[gateway.tls]\ncertificate = '{dir}/cert.pem'\nkey = '{dir}/secret'\nclient_ca = '{dir}/cert.pem'\nclient_certificate = 'optional'",
        "it was",
    ),
    (
        "gateway.tls.client_subject",
        "[gateway.tls]\ncertificate = '{dir}/cert.pem'\nkey = '{dir}/secret'\nclient_ca = '{dir}/cert.pem'",
        "[gateway.tls]\ncertificate = '{dir}/cert.pem'\nkey = '{dir}/secret'\nclient_ca = '{dir}/cert.pem'\nclient_subject = 'dns'",
        "may protect less",
    ),
    ("gateway.tls", "[gateway.tls]\ncertificate = '{dir}/cert.pem'\nkey = '{dir}/secret'", "", "without TLS"),
    ("gateway.timeouts.head", "", "[gateway.timeouts]\nhead = '1h'", "it was"),
    ("gateway.timeouts.body", "", "[gateway.timeouts]\nbody = '1h'", "it was"),
    ("gateway.timeouts.write", "", "[gateway.timeouts]\nwrite = '1h'", "it was"),
    ("gateway.timeouts.keep_alive", "", "[gateway.timeouts]\nkeep_alive = '1h'", "it was"),
    ("gateway.timeouts.idle", "", "[gateway.timeouts]\nidle = '1h'", "it was"),
    ("gateway.timeouts.total", "", "[gateway.timeouts]\ntotal = '1h'", "it was"),
    ("admin.listen", "", "[admin]\nlisten = '0.0.0.0:9901'", "may protect less"),
    ("admin.enabled", "[admin]\nenabled = false", "", "it was false, is true"),
    ("log.access", "", "[log]\naccess = 'off'", "it was"),
    ("log.access_fields", "", "[log]\naccess_fields = ['time']", "may protect less"),
    ("protocol.max_head", "", "[protocol]\nmax_head = '1 MiB'", "32 KiB"),
    ("protocol.max_headers", "", "[protocol]\nmax_headers = 1000", "it was 100"),
    ("protocol.max_target", "", "[protocol]\nmax_target = '30 KiB'", "it was"),
    ("protocol.max_body", "", "[protocol]\nmax_body = '2 GiB'", "*: max_body was 1 GiB, is 2 GiB"),
    ("protocol.max_held_body", "", "[protocol]\nmax_held_body = '64 KiB'", "it was \"1 MiB\", is \"64 KiB\""),
    ("protocol.max_login_body", "", "[protocol]\nmax_login_body = '64 KiB'", "login: max_body"),
    ("protocol.max_decoded_body", "", "[protocol]\nmax_decoded_body = '9 MiB'", "it was"),
    ("protocol.max_compression_ratio", "", "[protocol]\nmax_compression_ratio = 1000", "it was"),
    ("protocol.max_depth", "", "[protocol]\nmax_depth = 100", "it was"),
    ("protocol.max_members", "", "[protocol]\nmax_members = 1000000", "it was"),
    ("protocol.graphql.max_depth", "", "[protocol.graphql]\nmax_depth = 100", "it was"),
    ("protocol.graphql.max_fields", "", "[protocol.graphql]\nmax_fields = 100000", "it was"),
    ("protocol.graphql.max_same", "", "[protocol.graphql]\nmax_same = 1000", "it was"),
    ("protocol.graphql.max_batch", "", "[protocol.graphql]\nmax_batch = 1000", "it was"),
    ("protocol.graphql.introspection", "[protocol.graphql]\nintrospection = 'refuse'", "", "it was"),
    ("protocol.underscore_headers", "", "[protocol]\nunderscore_headers = 'pass'", "it was"),
    ("protocol.paths", "", "[protocol]\npaths = 'exact'", "it was"),
    ("protocol.proxy_only_headers", "", "[protocol]\nproxy_only_headers = []", "it loses the header"),
    ("network.allow", "[network]\nallow = ['10.0.0.0/8']", "", "lets all in"),
    ("network.deny", "[network]\ndeny = ['10.0.0.0/8']", "", "it loses the network 10.0.0.0/8"),
    ("network.deny_files", "[network]\ndeny_files = ['{dir}/denied']", "", "it loses the file"),
    ("network.require_user_agent", "", "[network]\nrequire_user_agent = false", "it was true"),
    ("network.list", "[[network.list]]\nname = 'a'\nfile = '{dir}/denied'", "", "the list `a` is gone"),
    ("network.list.name", "[[network.list]]\nname = 'a'\nfile = '{dir}/denied'", "", "the list `a` is gone"),
    (
        "network.list.file",
        "[[network.list]]\nname = 'a'\nfile = '{dir}/denied'",
        "[[network.list]]\nname = 'a'\nurl = 'https://a.example/list'",
        "comes from elsewhere and may protect less",
    ),
    (
        "network.list.url",
        "[[network.list]]\nname = 'a'\nurl = 'https://a.example/list'",
        "[[network.list]]\nname = 'a'\nurl = 'https://b.example/list'",
        "comes from elsewhere and may protect less",
    ),
    (
        "network.list.action",
        "[[network.list]]\nname = 'a'\nfile = '{dir}/denied'",
        "[[network.list]]\nname = 'a'\nfile = '{dir}/denied'\naction = 'report'",
        "was \"refuse\", is \"report\"",
    ),
    (
        "network.list.action",
        "",
        "[[network.list]]\nname = 'a'\nfile = '{dir}/denied'\naction = 'pass'",
        "the list `a` lets networks pass",
    ),
    (
        "network.countries.allow",
        "[network.countries]\nallow = ['NL']\ndatabase = '{dir}/country.mmdb'",
        "[network.countries]\nallow = []\ndatabase = '{dir}/country.mmdb'",
        "lets all in",
    ),
    (
        "network.countries.deny",
        "[network.countries]\ndeny = ['NL']\ndatabase = '{dir}/country.mmdb'",
        "[network.countries]\ndatabase = '{dir}/country.mmdb'",
        "it loses the country NL",
    ),
    ("network.countries.unknown", "", "[network.countries]\nunknown = 'pass'", "it was"),
    (
        "network.asns.deny",
        "[network.asns]\ndeny = [64496]\ndatabase = '{dir}/asn.mmdb'",
        "[network.asns]\ndatabase = '{dir}/asn.mmdb'",
        "it loses the operator 64496",
    ),
    ("network.bans.after", "[network.bans]\nafter = '50 per 10 minutes'", "", "may protect less"),
    ("network.bans.duration", "", "[network.bans]\nduration = '1 minute'", "it was"),
    ("network.bans.longest", "", "[network.bans]\nlongest = '10 minutes'", "it was"),
    ("network.bans.weights", "", "[network.bans]\nweights = { injection = 0 }", "may protect less"),
    ("bots.points", "", "[bots]\npoints = { automation = 0 }", "may protect less"),
    ("bots.challenge_at", "[bots]\nchallenge_at = 50", "", "may protect less"),
    ("bots.refuse_at", "", "[bots]\nrefuse_at = 200", "may protect less"),
    ("bots.honeypots", "[bots]\nhoneypots = ['/.env']", "", "it loses the path /.env"),
    ("bots.honeypot_ban", "", "[bots]\nhoneypot_ban = '1 minute'", "it was"),
    ("bots.verify_crawlers", "", "[bots]\nverify_crawlers = false", "it was true"),
    ("bots.challenge.bits", "", "[bots.challenge]\nbits = 8", "it was"),
    ("bots.challenge.clearance", "", "[bots.challenge]\nclearance = '1 day'", "it was"),
    ("bots.challenge.wait", "[bots.challenge]\nwait = '0 s'", "", "may protect less"),
    ("under_attack.mode", "[under_attack]\nmode = 'auto'", "", "it was"),
    ("under_attack.refused_percent", "", "[under_attack]\nrefused_percent = 90", "it was"),
    ("under_attack.error_percent", "", "[under_attack]\nerror_percent = 90", "it was"),
    ("under_attack.latency", "", "[under_attack]\nlatency = '1 minute'", "it was"),
    ("under_attack.min_requests", "", "[under_attack]\nmin_requests = 10000", "it was"),
    ("under_attack.calm", "", "[under_attack]\ncalm = '1 minute'", "it was"),
    ("rate.max_requests", "[rate]\nmax_requests = 100", "[rate]\nmax_requests = 1000", "it was"),
    ("rate.max_requests_per_client", "", "[rate]\nmax_requests_per_client = 1000", "it was"),
    ("gateway.max_connections_per_client", "", "[gateway]\nmax_connections_per_client = 5000", "it was"),
    ("gateway.max_handshakes_per_client", "", "[gateway]\nmax_handshakes_per_client = 5000", "it was"),
    ("cors.origins", "", "[cors]\norigins = ['https://a.example']", "it gains https://a.example"),
    ("cors.methods", "[cors]\nmethods = ['GET']", "", "it gains HEAD"),
    ("cors.headers", "[cors]\nheaders = []", "", "it gains accept"),
    ("cors.expose", "", "[cors]\nexpose = ['x-a']", "it gains x-a"),
    ("cors.credentials", "", "[cors]\ncredentials = true", "it was false"),
    ("cors.csrf", "", "[cors]\ncsrf = 'pass'", "it was"),
    ("rate.limits", "", "[rate]\nlimits = []", "`2000 per 5m by ip` is gone"),
    ("rate.limits", "", "[rate]\nlimits = ['2001 per 5 minutes']", "or looser"),
    ("rate.limits", "", "[rate]\nlimits = ['2000 per 5 minutes by user']", "by ip` is gone, or looser"),
    ("rate.login", "", "[rate]\nlogin = []", "login: the limit"),
    ("rate.login_paths", "[rate]\nlogin_paths = ['/enter']", "", "it loses the path /enter"),
    ("rate.failed_logins.alike", "[rate.failed_logins]\nalike = true", "", "it was true"),
    ("rate.failed_logins.every", "", "[rate.failed_logins]\nevery = '1 ms'", "it was"),
    ("rate.credential_stuffing.accounts", "", "[rate.credential_stuffing]\naccounts = 100", "it was 15"),
    (
        "rate.credential_stuffing.global_accounts",
        "",
        "[rate.credential_stuffing]\nglobal_accounts = 5000",
        "it was 200",
    ),
    (
        "rate.credential_stuffing.failures_per_success",
        "",
        "[rate.credential_stuffing]\nfailures_per_success = 50",
        "it was 4",
    ),
    ("rate.credential_stuffing.window", "", "[rate.credential_stuffing]\nwindow = '1 minute'", "it was"),
    (
        "rate.credential_stuffing.by",
        "[rate.credential_stuffing]\nby = ['ip', 'ja4']",
        "",
        "it loses the key ja4",
    ),
    ("rate.credential_stuffing.then", "", "[rate.credential_stuffing]\nthen = 'report'", "it was"),
    ("rate.credential_stuffing.blocking", "", "[rate.credential_stuffing]\nblocking = '1 minute'", "it was"),
    (
        "rate.credential_stuffing.account",
        "[rate.credential_stuffing]\naccount = ['body./handle']",
        "",
        "may protect less",
    ),
    ("rate.exempt", "", "[rate]\nexempt = ['192.0.2.0/24']", "it gains 192.0.2.0/24"),
    (
        "rate.limits",
        "[rate]\nlimits = ['4 at once by user']",
        "[rate]\nlimits = ['4 at once by user observed']",
        "or looser",
    ),
    (
        "rate.limits",
        "[rate]\nlimits = ['5 per minute blocking 1 hour']",
        "[rate]\nlimits = ['5 per minute']",
        "or looser",
    ),
    ("rate.max_keys", "", "[rate]\nmax_keys = 10", "it was"),
    ("auth.require", "{key}[auth]\nrequire = 'required'", "{key}", "auth was required, is optional"),
    (
        "auth.service",
        "[auth]\nservice = true\npublic_url = 'https://a.example'",
        "",
        "the user service is off",
    ),
    (
        "auth.accounts.registration",
        "{accounts}",
        "{accounts}[auth.accounts]\nregistration = 'open'",
        "it was",
    ),
    (
        "auth.sessions.access_lifetime",
        "{accounts}",
        "{accounts}[auth.sessions]\naccess_lifetime = '1h'",
        "access_lifetime",
    ),
    ("auth.sessions.idle", "{accounts}", "{accounts}[auth.sessions]\nidle = '20 days'", "idle"),
    ("auth.sessions.lifetime", "{accounts}", "{accounts}[auth.sessions]\nlifetime = '60 days'", "lifetime"),
    (
        "auth.sessions.grace_seconds",
        "{accounts}",
        "{accounts}[auth.sessions]\ngrace_seconds = 60",
        "grace_seconds",
    ),
    ("auth.sessions.same_site", "{accounts}", "{accounts}[auth.sessions]\nsame_site = 'Lax'", "it was"),
    (
        "auth.sessions.rotate_keys",
        "{accounts}",
        "{accounts}[auth.sessions]\nrotate_keys = '90 days'",
        "rotate_keys",
    ),
    ("auth.passwords.min_length", "{accounts}", "{accounts}[auth.passwords]\nmin_length = 8", "min_length"),
    ("auth.passwords.memory_kib", "{accounts}", "{accounts}[auth.passwords]\nmemory_kib = 64", "memory_kib"),
    ("auth.passwords.passes", "{accounts}", "{accounts}[auth.passwords]\npasses = 1", "passes"),
    (
        "auth.passwords.breached_file",
        "{accounts}[auth.passwords]\nbreached_file = '{dir}/cert.pem'",
        "{accounts}",
        "may protect less",
    ),
    (
        "auth.passwords.breached_url",
        "{accounts}[auth.passwords]\nbreached_url = 'https://a.example/range'",
        "{accounts}",
        "may protect less",
    ),
    (
        "auth.passwords.breached_unanswered",
        "{accounts}[auth.passwords]\nbreached_unanswered = 'refuse'",
        "{accounts}",
        "it was",
    ),
    ("auth.forward_token", "{accounts}", "{accounts}forward_token = 'x-who'", "may protect less"),
    ("auth.issued_keys", "{accounts}", "{accounts}issued_keys = true", "it was"),
    ("auth.roles", "[auth.roles]\nclerk = ['a:b']", "[auth.roles]\nclerk = ['*']", "may protect less"),
    ("auth.groups", "", "[auth.groups]\nstaff = ['admin']", "may protect less"),
    ("auth.lockout.failures", "{accounts}", "{accounts}[auth.lockout]\nfailures = 50", "failures"),
    ("auth.lockout.first", "{accounts}", "{accounts}[auth.lockout]\nfirst = '1s'", "first"),
    ("auth.lockout.cap", "{accounts}", "{accounts}[auth.lockout]\ncap = '2 minutes'", "cap"),
    ("auth.issuer", "{issuer}", "", "no [[auth.issuer]] is left"),
    (
        "auth.issuer.issuer",
        "{issuer}",
        "{issuer}[[auth.issuer]]\nissuer = 'https://j.example'\njwks = 'https://j.example/keys'\n",
        "https://j.example is trusted, too",
    ),
    ("auth.issuer.audience", "{issuer}audience = 'a'", "{issuer}", "any audience"),
    ("auth.issuer.audience", "{issuer}audience = 'a'", "{issuer}audience = ['a', 'b']", "the audience b"),
    ("auth.issuer.typ", "{issuer}typ = ['at+jwt']", "{issuer}", "the typ `jwt`"),
    (
        "auth.issuer.jwks",
        "{issuer}",
        "[[auth.issuer]]\nissuer = 'https://i.example'\njwks = 'https://i.example/others'\n",
        "other keys",
    ),
    ("auth.issuer.refresh", "{issuer}", "{issuer}refresh = '1 day'", "less often"),
    ("auth.issuer.max_lifetime", "{issuer}max_lifetime = '15m'", "{issuer}", "for longer"),
    ("auth.issuer.key", "{issuer}", "{issuer}{secret}", "other keys"),
    (
        "auth.issuer.key.secret_file",
        "[[auth.issuer]]\n{secret}",
        "[[auth.issuer]]\n[[auth.issuer.key]]\nalgorithm = 'HS256'\nsecret_file = '{dir}/other.secret'\n",
        "other keys",
    ),
    (
        "auth.issuer.key.secret_env",
        "[[auth.issuer]]\n{secret}",
        "[[auth.issuer]]\n[[auth.issuer.key]]\nalgorithm = 'HS256'\nsecret_env = 'PATH'\nweak = 'accept'\n",
        "other keys",
    ),
    (
        "auth.issuer.key.weak",
        "[[auth.issuer]]\n{secret}",
        "[[auth.issuer]]\n[[auth.issuer.key]]\nalgorithm = 'HS256'\nsecret_file = '{dir}/weak'\nweak = 'accept'\n",
        "other keys",
    ),
    ("auth.provider", "{accounts}", "{provider}", "the provider idp lets people in, too"),
    (
        "auth.provider.name",
        "{provider}",
        "{accounts}[[auth.provider]]\nname = 'other'\nissuer = 'https://idp.example'\nclient_id = 'shop'\nclient_secret_env = 'PATH'\n",
        "the provider other lets people in, too",
    ),
    (
        "auth.provider.issuer",
        "{provider}",
        "{accounts}[[auth.provider]]\nname = 'idp'\nissuer = 'https://other.example'\nclient_id = 'shop'\nclient_secret_env = 'PATH'\n",
        "the issuer was https://idp.example",
    ),
    (
        "auth.provider.client_id",
        "{provider}",
        "{accounts}[[auth.provider]]\nname = 'idp'\nissuer = 'https://idp.example'\nclient_id = 'other'\nclient_secret_env = 'PATH'\n",
        "the client was shop, is other",
    ),
    ("auth.provider.roles", "{provider}", "{provider}roles = 'roles'", "the claim with roles was none"),
    (
        "auth.provider.groups",
        "{provider}groups = 'a'",
        "{provider}groups = 'b'",
        "the claim with groups was a",
    ),
    ("auth.provider.create", "{provider}", "{provider}create = true", "gets an account"),
    (
        "auth.provider.domains",
        "{provider}create = true\ndomains = ['a.example']",
        "{provider}create = true\ndomains = ['a.example', 'b.example']",
        "of b.example get an account, too",
    ),
    (
        "auth.provider.domains",
        "{provider}create = true\ndomains = ['a.example']",
        "{provider}create = true",
        "of every domain",
    ),
    ("auth.provider.trust_email", "{provider}", "{provider}trust_email = true", "nobody has verified"),
    ("auth.provider.mfa_acr", "{provider}", "{provider}mfa_acr = ['gold']", "gold counts as a second factor"),
    ("auth.provider.forward", "{provider}", "{provider}forward = 'id_token'", "gets its tokens"),
    ("auth.api_key", "{key}", "", "no [[auth.api_key]] is left"),
    ("auth.api_key.sha256", "{key}", "{key}{other}", "a key of b is trusted, too"),
    (
        "auth.api_key.subject",
        "{key}",
        "[[auth.api_key]]\nsubject = 'c'\nsha256 = '2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90'\n",
        "the subject of a key was a, is c",
    ),
    ("auth.api_key.scopes", "{key}", "{key}scopes = ['write']", "gains the scope write"),
    ("auth.api_key.expires", "{key}expires = '2030-01-01T00:00:00Z'", "{key}", "expires later"),
    ("auth.api_key_header", "", "[auth]\napi_key_header = 'x-key'", "may protect less"),
    ("auth.cookie", "[auth]\ncookie = 'a'", "", "may protect less"),
    ("auth.leeway", "", "[auth]\nleeway = '1h'", "it was"),
    ("auth.forward_subject", "", "[auth]\nforward_subject = 'x-sub'", "may protect less"),
    (
        "schema.unknown_properties",
        "",
        "[schema]\nunknown_properties = 'allow'",
        "undeclared properties are allowed",
    ),
    (
        "schema.unknown_parameters",
        "",
        "[schema]\nunknown_parameters = 'allow'",
        "undeclared parameters are allowed",
    ),
    ("schema.undeclared", "", "[schema]\nundeclared = 'report'", "it was"),
    ("schema.responses", "", "[schema]\nresponses = 'allow'", "properties of responses"),
    ("schema.unreadable", "", "[schema]\nunreadable = 'report'", "only reported"),
    ("schema.deprecated", "", "[schema]\ndeprecated = 'allow'", "it was"),
    ("schema.server_errors", "", "[schema]\nserver_errors = 'allow'", "it was"),
    ("injection.exempt", "", "[injection]\nexempt = ['a']", "*, login: the field a is not inspected"),
    ("injection.prose", "", "[injection]\nprose = ['a']", "as prose only"),
    ("injection.sanitize", "", "[injection]\nsanitize = { a = 'basic' }", "simple markup"),
    (
        "injection.detectors",
        "",
        "[injection]\ndetectors = { sql = 'observe' }",
        "the detector sql was high, is observe",
    ),
    ("injection.max_decode_depth", "", "[injection]\nmax_decode_depth = 1", "it was 3"),
    ("waf.crs", "[waf.crs]\npath = '{dir}/crs'", "", "no rule set runs"),
    (
        "waf.detectors",
        "[waf.crs]\npath = '{dir}/crs'",
        "[waf]\ndetectors = 'off'\n[waf.crs]\npath = '{dir}/crs'",
        "it was",
    ),
    ("waf.crs.path", "[waf.crs]\npath = '{dir}/crs'", "[waf.crs]\npath = '{dir}/other'", "may protect less"),
    (
        "waf.crs.before",
        "[waf.crs]\npath = '{dir}/crs'",
        "[waf.crs]\npath = '{dir}/crs'\nbefore = ['{dir}/own.conf']",
        "may protect less",
    ),
    (
        "waf.crs.after",
        "[waf.crs]\npath = '{dir}/crs'",
        "[waf.crs]\npath = '{dir}/crs'\nafter = ['{dir}/own.conf']",
        "may protect less",
    ),
    (
        "waf.crs.paranoia",
        "[waf.crs]\npath = '{dir}/crs'\nparanoia = 2",
        "[waf.crs]\npath = '{dir}/crs'",
        "it was 2, is 1",
    ),
    (
        "waf.crs.threshold",
        "[waf.crs]\npath = '{dir}/crs'",
        "[waf.crs]\npath = '{dir}/crs'\nthreshold = 10",
        "it was 5, is 10",
    ),
    (
        "waf.crs.profile",
        "[waf.crs]\npath = '{dir}/crs'",
        "[waf.crs]\npath = '{dir}/crs'\nprofile = 'website'",
        "may protect less",
    ),
    (
        "waf.crs.responses",
        "[waf.crs]\npath = '{dir}/crs'",
        "[waf.crs]\npath = '{dir}/crs'\nresponses = false",
        "it was true",
    ),
    (
        "waf.crs.response_threshold",
        "[waf.crs]\npath = '{dir}/crs'",
        "[waf.crs]\npath = '{dir}/crs'\nresponse_threshold = 10",
        "it was 4",
    ),
    ("ownership.forbidden_status", "", "[ownership]\nforbidden_status = '403'", "it was"),
    ("ownership.exempt", "", "[ownership]\nexempt = ['role=admin']", "it gains role=admin"),
    ("ownership.role_claim", "", "[ownership]\nrole_claim = 'roles'", "may protect less"),
    ("ownership.check_cache_ttl", "", "[ownership]\ncheck_cache_ttl = '5s'", "it was"),
    ("ownership.ledger.ttl", "", "[ownership.ledger]\nttl = '90 days'", "it was"),
    ("ownership.enumeration.ids", "", "[ownership.enumeration]\nids = 1000", "it was 30"),
    ("ownership.enumeration.window", "", "[ownership.enumeration]\nwindow = '1s'", "it was"),
    ("ownership.enumeration.then", "[ownership.enumeration]\nthen = 'throttle'", "", "it was"),
    (
        "cedar.policies",
        "{issuer}[gateway]\nopenapi = '{dir}/api.yaml'\n[cedar]\npolicies = ['{dir}/forbid.cedar']",
        "{issuer}[gateway]\nopenapi = '{dir}/api.yaml'",
        "no policy is asked",
    ),
    (
        "cedar.policies",
        "{issuer}[gateway]\nopenapi = '{dir}/api.yaml'\n[cedar]\npolicies = ['{dir}/forbid.cedar']",
        "{issuer}[gateway]\nopenapi = '{dir}/api.yaml'\n[cedar]\npolicies = ['{dir}/permit.cedar']",
        "a policy of Cedar is gone: forbid",
    ),
    ("headers.content_security_policy", "", "[headers]\ncontent_security_policy = ''", "may protect less"),
    ("headers.frame_options", "", "[headers]\nframe_options = ''", "may protect less"),
    ("headers.referrer_policy", "", "[headers]\nreferrer_policy = ''", "may protect less"),
    ("headers.permissions_policy", "", "[headers]\npermissions_policy = ''", "may protect less"),
    (
        "headers.cross_origin_opener_policy",
        "",
        "[headers]\ncross_origin_opener_policy = ''",
        "may protect less",
    ),
    (
        "headers.cross_origin_resource_policy",
        "",
        "[headers]\ncross_origin_resource_policy = ''",
        "may protect less",
    ),
    (
        "gateway.upstream_tls.server_name",
        "[gateway]\nupstream = ['https://a.example']\n[gateway.upstream_tls]\nserver_name = 'a.example'",
        "[gateway]\nupstream = ['https://a.example']",
        "may protect less",
    ),
    ("headers.html", "", "[headers]\nhtml = 'off'", "(`html`)"),
    ("headers.hsts_max_age", "", "[headers]\nhsts_max_age = '1 day'", "it was"),
    ("headers.hsts_include_subdomains", "", "[headers]\nhsts_include_subdomains = false", "it was true"),
    ("headers.remove", "[headers]\nremove = ['x-a']", "", "it loses the header x-a"),
    ("headers.set", "[headers]\nset = { x-a = 'b' }", "", "may protect less"),
    (
        "upstream.openapi",
        "[[upstream]]\nname = 'o'\nurls = ['http://127.0.0.1:1']\nopenapi = '{dir}/api.yaml'",
        "[[upstream]]\nname = 'o'\nurls = ['http://127.0.0.1:1']",
        "the OpenAPI document of `o` is gone",
    ),
    (
        "upstream.overlay",
        "[[upstream]]\nname = 'o'\nurls = ['http://127.0.0.1:1']\nopenapi = '{dir}/api.yaml'\noverlay = ['{dir}/overlay.yaml']",
        "[[upstream]]\nname = 'o'\nurls = ['http://127.0.0.1:1']\nopenapi = '{dir}/api.yaml'",
        "it loses the overlay",
    ),
    ("cookies.same_site", "[cookies]\nsame_site = 'Strict'", "", "it was"),
    ("cookies.script_readable", "", "[cookies]\nscript_readable = ['a']", "it gains a"),
];

/// The same for a setting of the route `/a/{id}`: what is written for it, before and after.
const ROUTES: &[(&str, &str, &str, &str)] = &[
    ("path", "deny = true", "", "it was denied, and is open"),
    ("methods", "deny = true", "methods = ['GET']\ndeny = true", "it was denied, and is open"),
    ("host", "deny = true", "host = ['a.example']\ndeny = true", "it was denied, and is open"),
    ("upstream", "deny = true", "upstream = 'gateway'", "it was denied, and is open"),
    ("strip_prefix", "deny = true", "strip_prefix = '/a'", "it was denied, and is open"),
    ("rewrite", "deny = true", "rewrite = '/b/{id}'", "it was denied, and is open"),
    ("redirect", "deny = true", "redirect = '/b/{id}'", "it was denied, and is open"),
    ("deny", "deny = true", "deny = false", "it was denied, and is open"),
    ("login", "login = true", "", "it was a login, and is none"),
    ("login", "", "login = false", "taken for no logins"),
    ("doors", "", "doors = { ownership = 'off' }", "/a/{id}: ownership was enforce, is off"),
    ("max_body", "", "max_body = '2 GiB'", "max_body was 1 GiB, is 2 GiB"),
    ("body", "", "body = 'stream'", "are streamed"),
    ("other_charsets", "", "other_charsets = 'pass'", "pass unread"),
    ("html", "", "html = 'report'", "(`html`)"),
    (
        "failure",
        "limits = ['5 per minute counting failures']",
        "limits = ['5 per minute counting failures']\nfailure = { status = [499] }",
        "another `failure`",
    ),
    ("limits", "limits = ['5 per minute by user']", "", "`5 per 1m by user and route` is gone"),
    ("auth", "auth = 'required'", "auth = 'off'", "auth was required, is off"),
    ("scopes", "scopes = ['a', 'b']", "scopes = ['a']", "the scope b is no longer asked for"),
    ("permissions", "permissions = ['a:b']", "", "the permission a:b is no longer asked for"),
    ("require", "require = ['mfa']", "", "a second factor is no longer asked for"),
    ("max_auth_age", "max_auth_age = '10m'", "max_auth_age = '1h'", "an older authentication"),
    ("roles", "roles = ['a']", "roles = ['a', 'b']", "roles gain b"),
    ("roles", "roles = ['a']", "", "roles are no longer restricted"),
    ("fields", "fields = ['a']", "fields = ['a', 'b']", "fields gain b"),
    ("unknown_properties", "", "unknown_properties = 'allow'", "undeclared properties are allowed"),
    ("unknown_parameters", "", "unknown_parameters = 'allow'", "undeclared parameters are allowed"),
    ("responses", "", "responses = 'allow'", "properties of responses"),
    ("unreadable", "", "unreadable = 'report'", "only reported"),
    ("patch_paths", "patch_paths = ['/a']", "", "patch_paths are no longer restricted"),
    ("allow_properties", "", "allow_properties = ['a']", "allow_properties gains a"),
    ("exempt", "", "exempt = ['a']", "the field a is not inspected"),
    ("prose", "", "prose = ['a']", "as prose only"),
    ("detectors", "", "detectors = { sql = 'off' }", "the detector sql was high, is off"),
    ("sanitize", "sanitize = { a = 'strip' }", "sanitize = { a = 'basic' }", "simple markup"),
    ("bind", "bind = { 'path.id' = 'sub' }", "", "path.id is no longer bound to sub"),
    ("owner", "owner = '/user_id'", "", "the owner /user_id = sub is no longer compared"),
    ("owner", "owner = '/user_id'", "owner = { field = ['/user_id', '/reader'] }", "the owner was"),
    (
        "check_owner_before_write",
        "owner = '/user_id'\ncheck_owner_before_write = true",
        "owner = '/user_id'",
        "before a write",
    ),
    ("objects", "objects = [{ id = 'query.ids', kind = 'a' }]", "", "the objects of query.ids"),
    (
        "remember",
        "remember = { a = ['/id'] }",
        "remember = { a = ['/id'], b = ['/id'] }",
        "more ids are remembered as b",
    ),
];

fn filled(text: &str) -> String {
    text.replace("{provider}", PROVIDER)
        .replace("{key}", KEY)
        .replace("{other}", OTHER_KEY)
        .replace("{issuer}", ISSUER)
        .replace("{secret}", SECRET)
        .replace("{accounts}", "[auth]\nservice = true\npublic_url = 'https://a.example'\n")
        .replace("{service}", "[auth]\nservice = true\n")
}

#[test]
fn every_setting_is_compared_or_declared_as_no_protection() {
    let settings = TABLES.iter().flat_map(|t| t.settings.iter().map(|s| format!("{}.{}", t.path, s.name)));
    let listed: BTreeSet<String> = EFFECTS.iter().map(|(setting, _)| (*setting).to_owned()).collect();
    assert_eq!(listed, settings.collect::<BTreeSet<_>>());
    assert_eq!(listed.len(), EFFECTS.len(), "a setting twice");
    // What tells tokens and keys apart, and nothing else.
    const NAMES: [&str; 3] =
        ["auth.issuer.key.kid", "auth.issuer.key.algorithm", "auth.issuer.key.public_key"];
    for (setting, effect) in EFFECTS {
        let is_tested = PAIRS.iter().any(|(tested, ..)| tested == setting);
        assert_eq!(is_tested, *effect != Effect::None && !NAMES.contains(setting), "{setting}");
    }
    let routes: BTreeSet<&str> = RouteConfig::settings().map(|setting| setting.name).collect();
    assert_eq!(ROUTES.iter().map(|(setting, ..)| *setting).collect::<BTreeSet<_>>(), routes);
}

#[test]
fn what_protects_less_is_named() {
    let directory = directory();
    let route = |text: &str| format!("{KEY}[[route]]\npath = '/a/{{id}}'\n{text}\n");
    let pairs =
        PAIRS.iter().map(|(setting, strong, weak, told)| (*setting, filled(strong), filled(weak), *told));
    let routes =
        ROUTES.iter().map(|(setting, strong, weak, told)| (*setting, route(strong), route(weak), *told));
    let mut wrong = Vec::new();
    for (setting, strong, weak, told) in pairs.chain(routes) {
        let (before, after) = match (policy(&strong, directory.path()), policy(&weak, directory.path())) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(error), _) | (_, Err(error)) => {
                wrong.push(format!("{setting}: {error}"));
                continue;
            }
        };
        let found = weaker(&before, &after).join("; ");
        if !found.contains(told) {
            wrong.push(format!("{setting}: {told} is not told in {found:?}"));
        }
        assert_eq!(weaker(&before, &before), weaker(&after, &after), "{setting}");
        // The other way round nothing is told, but where nobody can tell.
        let back = weaker(&after, &before).join("; ");
        let unknown = [
            "may protect less",
            "other keys",
            "another `failure`",
            "by ip` is gone, or looser",
            "the subject of a key",
            "the owner was",
            "lets people in, too",
            "the issuer was",
            "the client was",
            "the claim with",
        ];
        if !(back.is_empty() || unknown.iter().any(|words| told.contains(words))) {
            wrong.push(format!("{setting}: told the other way round: {back}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_path_is_compared_as_it_holds() {
    let directory = directory();
    let admin = "[[route]]\npath = '/admin/**'\nroles = ['admin']\n";
    for (before, after, told) in [
        // A route that is gone, one that a more specific one takes a path from, and one that is split by methods.
        (admin.to_owned(), String::new(), Some("/admin/**: roles are no longer restricted")),
        (
            admin.to_owned(),
            format!("{admin}[[route]]\npath = '/admin/help'\n"),
            Some("/admin/help: roles are no longer restricted"),
        ),
        (admin.to_owned(), format!("{admin}[[route]]\npath = '/admin/help'\nroles = ['admin']\n"), None),
        (String::new(), admin.to_owned(), None),
        (
            admin.to_owned(),
            admin.replace("roles", "methods = ['GET']\nroles"),
            Some("/admin/**: roles are no longer restricted"),
        ),
        (
            admin.to_owned(),
            format!("{admin}[[route]]\npath = '/x'\nexempt = ['q']\n"),
            Some("/x: the field q is not inspected"),
        ),
    ] {
        let (before, after) = (format!("{KEY}{before}"), format!("{KEY}{after}"));
        let found =
            weaker(&policy(&before, directory.path()).unwrap(), &policy(&after, directory.path()).unwrap());
        assert_eq!(found.first().map(String::as_str), told, "{after}: {found:?}");
    }
}
