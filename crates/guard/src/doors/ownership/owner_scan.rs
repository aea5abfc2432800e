//! The owner check in one pass over the text, for the usual case: everything in it is the caller's.
//!
//! No tree is built; what the pointers do not name is skipped. It only ever says "all of it is the caller's", which
//! lets the answer leave unchanged. Everything else is decided by `owner` on the parsed value.

use std::fmt;

use identity::Principal;
use openapi::{Pointer, PointerSegment};
use policy::{Owner, Quantifier};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Whether the text is JSON in which every object names the caller. A key of the way that stands twice is no answer.
pub(crate) fn is_all_own(owner: &Owner, principal: &Principal, text: &[u8]) -> bool {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let list = owner.list.as_ref().map(Pointer::segments);
    let whole = Place { owner, principal, list: list.unwrap_or(&[]), is_item: false };
    let verdict = whole.deserialize(&mut deserializer);
    verdict.is_ok_and(|all_own| all_own) && deserializer.end().is_ok()
}

/// A place on the way to the objects: the whole text, a member on the way to the list, or an object.
#[derive(Clone, Copy)]
struct Place<'s> {
    owner: &'s Owner,
    principal: &'s Principal,
    /// What is left of the way to the list.
    list: &'s [PointerSegment],
    is_item: bool,
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        // A list where an object should be has no owner.
        let mut all_own = !self.is_item && self.list.is_empty();
        let item = Place { is_item: true, ..self };
        while let Some(is_own) = items.next_element_seed(item)? {
            all_own &= is_own;
        }
        Ok(all_own)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        if let [next, rest @ ..] = self.list {
            let mut found = None;
            while let Some(is_next) = members.next_key_seed(IsKey(next))? {
                if !is_next {
                    members.next_value::<IgnoredAny>()?;
                } else if found.is_some() {
                    return Err(A::Error::custom("a key twice"));
                } else {
                    found = Some(members.next_value_seed(Place { list: rest, ..self })?);
                }
            }
            return Ok(found.unwrap_or(false));
        }
        // With a list to be found, an object in its place is not one.
        if self.owner.list.is_some() && !self.is_item {
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(false);
        }
        let ways: Vec<Way<'_>> = self.owner.fields.iter().map(Pointer::segments).enumerate().collect();
        let mut named = Named { owner: self.owner, principal: self.principal, fields: 0 };
        named.members(&ways, &mut members)?;
        Ok(named.is_own())
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
}

/// Whether a key is the next one of a way.
struct IsKey<'s>(&'s PointerSegment);

impl<'de> DeserializeSeed<'de> for IsKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(self.0.is(key))
    }
}

/// A field's number, and what is left of the way to it.
type Way<'s> = (usize, &'s [PointerSegment]);

/// Which fields of an object name the caller.
struct Named<'s> {
    owner: &'s Owner,
    principal: &'s Principal,
    fields: u64,
}

impl<'s> Named<'s> {
    fn is_own(&self) -> bool {
        match self.owner.when {
            Quantifier::Any => self.fields != 0,
            // More fields than bits are left to the other check.
            Quantifier::All => {
                (1..64).contains(&self.owner.fields.len())
                    && self.fields.count_ones() as usize == self.owner.fields.len()
            }
        }
    }

    fn members<'de, A: MapAccess<'de>>(&mut self, ways: &[Way<'s>], members: &mut A) -> Result<(), A::Error> {
        let mut seen: Vec<String> = Vec::new();
        while let Some((next, key)) = members.next_key_seed(NextWays(ways))? {
            if next.is_empty() {
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            if seen.contains(&key) {
                return Err(A::Error::custom("a key twice"));
            }
            seen.push(key);
            members.next_value_seed(Field { named: self, ways: &next })?;
        }
        Ok(())
    }

    fn compare(&mut self, ways: &[Way<'s>], text: &str) {
        if !text.is_empty() && self.principal.has(&self.owner.claim, text) {
            for (number, _) in ways.iter().filter(|(number, rest)| rest.is_empty() && *number < 64) {
                self.fields |= 1 << number;
            }
        }
    }
}

/// The ways that go on under a key, and the key when there are any.
struct NextWays<'w, 's>(&'w [Way<'s>]);

impl<'de, 's> DeserializeSeed<'de> for NextWays<'_, 's> {
    type Value = (Vec<Way<'s>>, String);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'s> Visitor<'_> for NextWays<'_, 's> {
    type Value = (Vec<Way<'s>>, String);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let next = step(self.0, |segment| segment.is(key));
        let key = if next.is_empty() { String::new() } else { key.to_owned() };
        Ok((next, key))
    }
}

fn step<'s>(ways: &[Way<'s>], goes_on: impl Fn(&PointerSegment) -> bool) -> Vec<Way<'s>> {
    let next = ways.iter().filter_map(|(number, rest)| {
        let (first, rest) = rest.split_first()?;
        goes_on(first).then_some((*number, rest))
    });
    next.collect()
}

/// A value on the way to a field, or the field.
struct Field<'n, 'w, 's> {
    named: &'n mut Named<'s>,
    ways: &'w [Way<'s>],
}

impl<'de> DeserializeSeed<'de> for Field<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Field<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.named.compare(self.ways, text);
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.named.compare(self.ways, &number.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.named.compare(self.ways, &number.to_string());
        Ok(())
    }

    // Left to the other check: how a fraction is written is not known here any more.
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for index in 0.. {
            let next = step(self.ways, |segment| segment.is(&index.to_string()));
            let is_there = match next.is_empty() {
                true => items.next_element::<IgnoredAny>()?.is_some(),
                false => items.next_element_seed(Field { named: self.named, ways: &next })?.is_some(),
            };
            if !is_there {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.named.members(self.ways, &mut members)
    }
}

#[cfg(test)]
mod tests {
    use identity::Credential;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::owner::{Ownership, check};
    use super::*;

    fn principal() -> Principal {
        let claims = json!({ "sub": "7" }).as_object().cloned().unwrap_or_default();
        Principal { subject: "7".into(), claims, scopes: vec![], credential: Credential::Token }
    }

    fn owner(fields: &[&str], when: Quantifier, list: Option<&str>) -> Owner {
        let pointer = |text: &&str| text.parse().unwrap();
        let fields = fields.iter().map(pointer).collect();
        Owner { fields, when, claim: "sub".into(), list: list.map(|l| l.parse().unwrap()), counts: vec![] }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(7)),
            Just(json!("7")),
            Just(json!(8)),
            Just(json!("")),
            Just(json!(null)),
            Just(json!(true)),
            Just(json!(7.5)),
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::vec((prop::sample::select(vec!["o", "items", "a", "x"]), inner), 0..4)
                    .prop_map(|members| Value::Object(
                        members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
                    )),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// The quick check and the other one say the same, but that the quick one may leave a question open.
        #[test]
        fn what_is_all_own_in_one_pass_is_own(
            value in value(),
            fields in prop::sample::subsequence(vec!["/o", "/a/o", "/a/*/o", "/x/0", "/*"], 1..3),
            all in any::<bool>(),
            list in prop::sample::select(vec![None, Some("/items"), Some("/a/items")]),
        ) {
            let when = if all { Quantifier::All } else { Quantifier::Any };
            let owner = owner(&fields, when, list);
            let quick = is_all_own(&owner, &principal(), value.to_string().as_bytes());
            let own = check(&owner, &principal(), &mut value.clone()) == Ownership::Own;
            prop_assert!(own || !quick, "{}", value);
            // Left open is only what no API answers: lists where objects should be.
            let text = value.to_string();
            let odd = text.contains("[[") || text.contains(",[");
            prop_assert!(quick || !own || odd, "{}", value);
        }
    }

    #[test]
    fn a_key_of_the_way_that_stands_twice_is_no_answer() {
        let quick = |text: &str| {
            is_all_own(&owner(&["/o"], Quantifier::Any, Some("/items")), &principal(), text.as_bytes())
        };
        assert!(quick(r#"{"items":[{"o":7,"x":1,"x":2}]}"#));
        for text in [
            r#"{"items":[{"o":8,"o":7}]}"#,
            r#"{"items":[{"o":7,"o":7}]}"#,
            r#"{"items":[{"o":8}],"items":[{"o":7}]}"#,
            r#"{"items":[{"o":7}]} {}"#,
            r#"{"items":[{"o":7}]"#,
            r#"{"items":{"o":7}}"#,
            "",
        ] {
            assert!(!quick(text), "{text}");
        }
    }
}
