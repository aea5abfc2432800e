//! An authenticator and its browser (WebAuthn Level 3 §6.1, §5.8.1): what a device signs, and what a browser says of it.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::service::Ceremony;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const ATTESTED: u8 = 0x40;

/// A device with one passkey. Tests change what it does.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) origin: String,
    pub(crate) site: String,
    pub(crate) verifies: bool,
    pub(crate) is_synced: bool,
    pub(crate) counter: u32,
    pub(crate) handle: Option<String>,
    pub(crate) id: Vec<u8>,
    pub(crate) key: std::sync::Arc<EcdsaKeyPair>,
}

impl Device {
    pub(crate) fn new(id: u8) -> Device {
        Device {
            origin: "https://shop.example".into(),
            site: "shop.example".into(),
            verifies: true,
            is_synced: false,
            counter: 0,
            handle: None,
            id: vec![id; 32],
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap().into(),
        }
    }

    /// `navigator.credentials.create()`.
    pub(crate) fn create(&mut self, ceremony: &Ceremony) -> String {
        let options = &ceremony.options["publicKey"];
        assert_eq!(options["rp"]["id"], "shop.example");
        assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
        self.handle = Some(options["user"]["id"].as_str().unwrap().to_owned());
        self.counter += 1;
        let mut data = self.head(ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        // A map of COSE (RFC 9053 §7.1): EC2, ES256, P-256, x, y.
        let point = self.key.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        self.said(json!({
            "clientDataJSON": text(&self.client_data("webauthn.create", options)),
            "attestationObject": text(&object),
            "transports": ["internal", "hybrid"],
        }))
    }

    /// `navigator.credentials.get()`.
    pub(crate) fn get(&mut self, ceremony: &Ceremony) -> String {
        self.counter += 1;
        self.get_again(ceremony)
    }

    /// The same by a copy of the device, or one that does not count.
    pub(crate) fn get_again(&self, ceremony: &Ceremony) -> String {
        let client_data = self.client_data("webauthn.get", &ceremony.options["publicKey"]);
        let data = self.head(0);
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.said(json!({
            "clientDataJSON": text(&client_data),
            "authenticatorData": text(&data),
            "signature": text(signature.as_ref()),
            "userHandle": self.handle,
        }))
    }

    fn head(&self, more: u8) -> Vec<u8> {
        let verified = if self.verifies { USER_VERIFIED } else { 0 };
        let synced = if self.is_synced { BACKUP_ELIGIBLE } else { 0 };
        let mut data = Sha256::digest(&self.site).to_vec();
        data.push(USER_PRESENT | verified | synced | more);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let data = json!({
            "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    fn said(&self, response: Value) -> String {
        let id = text(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "response": response,
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
        })
        .to_string()
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
