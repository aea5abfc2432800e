//! Names that say what a value is worth to an attacker.

use serde_json::Value;

use super::shape::{fold, singular};
use super::words::words;

/// Words for people who may do more than others.
const POWERS: [&str; 14] = [
    "admin",
    "admins",
    "administrator",
    "administrators",
    "administration",
    "superuser",
    "superadmin",
    "sysadmin",
    "staff",
    "moderator",
    "moderators",
    "backoffice",
    "internal",
    "management",
];

/// Whether a word names those who may do more than others, or what is for them.
pub(crate) fn is_power(word: &str) -> bool {
    POWERS.contains(&word)
}

/// Whether a member holds a password or its hash.
pub(crate) fn is_password(name: &str) -> bool {
    let folded = fold(name);
    let is_about = [
        "at", "date", "changed", "reset", "policy", "strength", "expires", "hint", "url", "age", "required",
        "set",
    ];
    let holds = [
        "password",
        "passwd",
        "pwd",
        "passwordhash",
        "hashedpassword",
        "passhash",
        "passworddigest",
        "passphrase",
    ];
    holds.iter().any(|word| folded.ends_with(word) || folded.starts_with(word) && folded.contains("hash"))
        && !is_about.iter().any(|end| folded.ends_with(end))
}

/// Whether a member holds a secret of a machine: a token, a key, a code of a second factor.
pub(crate) fn is_secret(name: &str) -> bool {
    let folded = fold(name);
    let ends = [
        "secret",
        "apikey",
        "accesstoken",
        "refreshtoken",
        "authtoken",
        "privatekey",
        "secretkey",
        "totpkey",
        "otp",
        "resettoken",
        "recoverycode",
        "sessiontoken",
        "signingkey",
        "pincode",
    ];
    ends.iter().any(|end| folded.ends_with(end)) || ["token", "pin", "jwt"].contains(&folded.as_str())
}

/// Whether a member holds what a person tells few others.
pub(crate) fn is_personal(name: &str) -> bool {
    let folded = fold(name);
    let parts = [
        "mail",
        "phone",
        "iban",
        "cardnumber",
        "creditcard",
        "ssn",
        "socialsecurity",
        "birthdate",
        "birthday",
        "dateofbirth",
        "salary",
        "bankaccount",
        "passport",
        "taxid",
    ];
    let flags = ["verified", "confirmed", "id", "sent", "enabled", "template", "status", "type", "count"];
    (parts.iter().any(|part| folded.contains(part)) && !flags.iter().any(|end| folded.ends_with(end)))
        || [
            "address",
            "homeaddress",
            "streetaddress",
            "shippingaddress",
            "billingaddress",
            "street",
            "dob",
            "cvv",
            "mobile",
            "balance",
        ]
        .contains(&folded.as_str())
}

/// Whether a member says what an account may do.
pub(crate) fn is_rank(name: &str) -> bool {
    let folded = fold(name);
    let whole = [
        "role",
        "roles",
        "admin",
        "isadmin",
        "administrator",
        "isadministrator",
        "staff",
        "isstaff",
        "superuser",
        "issuperuser",
        "superadmin",
        "issuperadmin",
        "permissions",
        "permission",
        "privileges",
        "scopes",
        "groups",
        "usertype",
        "accounttype",
        "accesslevel",
        "userrole",
        "isroot",
        "ismoderator",
        "moderator",
        "ismanager",
        "authorities",
        "grants",
        "isowner",
    ];
    whole.contains(&folded.as_str())
}

/// Whether a member is worth money, or says that something is paid, checked or allowed.
pub(crate) fn is_worth(name: &str) -> bool {
    let folded = fold(name);
    let whole = [
        "credit",
        "credits",
        "balance",
        "walletbalance",
        "wallet",
        "plan",
        "subscription",
        "tier",
        "points",
        "quota",
        "verified",
        "isverified",
        "emailverified",
        "isemailverified",
        "phoneverified",
        "approved",
        "isapproved",
        "isactive",
        "active",
        "ispaid",
        "paid",
        "ispremium",
        "premium",
        "ispro",
        "kycverified",
        "kycstatus",
        "discount",
        "price",
        "total",
        "totalprice",
        "amount",
        "status",
        "state",
        "paymentstatus",
        "orderstatus",
        "creditlimit",
        "loyaltypoints",
        "bonus",
        "limit",
        "banned",
        "isbanned",
        "blocked",
        "featured",
        "isfeatured",
    ];
    whole.contains(&folded.as_str())
}

/// Whether a member says whose an object is.
pub(crate) fn is_owner(name: &str) -> bool {
    let folded = fold(name);
    let whole = [
        "owner",
        "ownerid",
        "user",
        "userid",
        "author",
        "authorid",
        "createdby",
        "createdbyid",
        "customer",
        "customerid",
        "account",
        "accountid",
        "member",
        "memberid",
        "creator",
        "creatorid",
        "tenantid",
        "organizationid",
        "organisationid",
        "companyid",
        "userref",
        "addedby",
    ];
    whole.contains(&folded.as_str())
}

/// Whether a collection is by its name of those that people keep for themselves.
pub(crate) fn is_private_collection(name: &str) -> bool {
    let private = [
        "order",
        "invoice",
        "note",
        "draft",
        "message",
        "address",
        "payment",
        "card",
        "creditcard",
        "bankaccount",
        "loan",
        "cart",
        "basket",
        "wallet",
        "document",
        "secret",
        "credential",
        "apikey",
        "booking",
        "reservation",
        "prescription",
        "transaction",
        "transfer",
        "statement",
        "notification",
        "webhook",
        "subscription",
        "medicalrecord",
        "diary",
        "passwordentry",
        "receipt",
        "refund",
        "mail",
        "inbox",
        "appointment",
        "claim",
        "vehicle",
    ];
    words(name).last().is_some_and(|word| private.contains(&singular(word).as_str()))
        || private.contains(&singular(&fold(name)).as_str())
}

/// Whether a collection is of accounts.
pub(crate) fn is_people(name: &str) -> bool {
    let people = [
        "user", "account", "member", "customer", "people", "person", "employee", "profile", "me", "patient",
        "client", "author", "viewer",
    ];
    let last = words(name).last().map(|word| singular(word)).unwrap_or_default();
    people.contains(&last.as_str())
}

/// Whether a text is the hash of a password, by how such hashes are written.
pub(crate) fn is_hash(text: &str) -> bool {
    let is_hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
    let prefixes = [
        "$2a$", "$2b$", "$2y$", "$argon2", "$pbkdf2", "pbkdf2_", "pbkdf2:", "scrypt:", "$scrypt", "$5$",
        "$6$", "$1$", "{SSHA}", "{bcrypt}", "bcrypt", "argon2",
    ];
    prefixes.iter().any(|prefix| text.starts_with(prefix))
        || ([32, 40, 64, 96, 128].contains(&text.len()) && is_hex(text))
        || text
            .split_once(':')
            .is_some_and(|(salt, hash)| salt.len() >= 8 && hash.len() >= 32 && is_hex(salt) && is_hex(hash))
}

/// Whether a value is there, and not hidden.
pub(crate) fn is_shown(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            !text.trim().is_empty()
                && !text.contains("***")
                && !text.contains("•••")
                && !text.contains("[redacted]")
                && !["redacted", "hidden", "xxxx", "null", "string"]
                    .contains(&text.to_ascii_lowercase().as_str())
        }
        Value::Number(_) | Value::Bool(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_their_neighbours() {
        type Case = (fn(&str) -> bool, &'static [&'static str], &'static [&'static str]);
        let cases: [Case; 7] = [
            (
                is_password,
                &["password", "passwordHash", "hashed_password", "userPassword", "password_digest"],
                &["password_changed_at", "passwordResetUrl", "passport", "password_required"],
            ),
            (
                is_secret,
                &["secret", "client_secret", "apiKey", "refreshToken", "token"],
                &["token_type", "tokens", "secretary", "publicKey", "csrfToken"],
            ),
            (
                is_personal,
                &["email", "contact_email", "phone", "iban", "address", "date_of_birth"],
                &["email_verified", "ip_address_count", "emailTemplate", "name", "addressee"],
            ),
            (is_rank, &["role", "isAdmin", "is_superuser"], &["administered", "enroled", "staffing"]),
            (is_owner, &["owner_id", "userId", "createdBy"], &["user_name", "ownership"]),
            (
                is_private_collection,
                &["orders", "api-keys/secrets", "myInvoices", "notes"],
                &["products", "notebooks", "books"],
            ),
            (is_people, &["users", "members", "adminUsers"], &["books", "membership"]),
        ];
        for (is, yes, no) in cases {
            yes.iter().for_each(|name| assert!(is(name), "{name}"));
            no.iter().for_each(|name| assert!(!is(name), "{name}"));
        }
    }

    #[test]
    fn hashes_are_told_from_ids_and_words() {
        for (text, expected) in [
            ("$2b$12$abcdefghijklmnopqrstuv", true),
            ("5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", true),
            ("$argon2id$v=19$m=65536", true),
            ("123e4567-e89b-42d3-a456-426614174000", false),
            ("correct horse", false),
        ] {
            assert_eq!(is_hash(text), expected, "{text}");
        }
    }
}
