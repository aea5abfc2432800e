//! A setting is written down once: its key, its type, its default and its help. The struct that serde fills, the list
//! that `doorward check` prints and the reference in docs/configuration.md are all made of that one place, so that none
//! of them can forget a setting.

/// A setting as documents list it.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its key in `doorward.toml`.
    pub name: &'static str,
    /// What it is for, in Markdown.
    pub help: &'static str,
    /// An old spelling that is still accepted, with a notice.
    pub formerly: Option<&'static str>,
}

/// A table of settings.
pub trait Settings {
    /// What the table is for: the first sentence names it, `[rate]`.
    const ABOUT: &'static str;
    /// Its settings, in order.
    const SETTINGS: &'static [Setting];
}

/// The first of an optional old spelling.
macro_rules! formerly {
    () => {
        None
    };
    ($old:literal) => {
        Some($old)
    };
}

/// Defines a table of `doorward.toml`. A setting has a help text, perhaps `#[formerly("old_name")]`, a type and a
/// default. `pub item struct` is an entry of a list or a table that is there or not: its settings are required unless
/// serde has a default for them.
macro_rules! settings {
    (
        $(#[doc = $about:literal])*
        pub struct $table:ident {
            $(
                $(#[doc = $help:literal])*
                $(#[formerly($old:literal)])?
                $(#[serde($($serde:tt)*)])?
                pub $name:ident: $type:ty = $default:expr,
            )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, serde::Deserialize, serde::Serialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $table {
            $(
                $(#[doc = $help])*
                $(#[serde(alias = $old)])?
                $(#[serde($($serde)*)])?
                pub $name: $type,
            )*
        }

        impl Default for $table {
            fn default() -> Self {
                $table { $($name: $default,)* }
            }
        }

        impl $crate::settings::Settings for $table {
            const ABOUT: &'static str = concat!($($about),*);
            const SETTINGS: &'static [$crate::settings::Setting] = &[$($crate::settings::Setting {
                name: stringify!($name),
                help: concat!($($help),*),
                formerly: $crate::settings::formerly!($($old)?),
            },)*];
        }
    };
    (
        $(#[doc = $about:literal])*
        pub item struct $table:ident {
            $(
                $(#[doc = $help:literal])*
                $(#[formerly($old:literal)])?
                $(#[serde($($serde:tt)*)])?
                pub $name:ident: $type:ty,
            )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, serde::Deserialize, serde::Serialize)]
        #[serde(deny_unknown_fields)]
        pub struct $table {
            $(
                $(#[doc = $help])*
                $(#[serde(alias = $old)])?
                $(#[serde($($serde)*)])?
                pub $name: $type,
            )*
        }

        impl $crate::settings::Settings for $table {
            const ABOUT: &'static str = concat!($($about),*);
            const SETTINGS: &'static [$crate::settings::Setting] = &[$($crate::settings::Setting {
                name: stringify!($name),
                help: concat!($($help),*),
                formerly: $crate::settings::formerly!($($old)?),
            },)*];
        }
    };
}

/// Defines what `[[route]]`, and `x-doorward` beside an operation, may say of one door. All of it is optional.
macro_rules! route_settings {
    (
        $(#[doc = $about:literal])*
        pub struct $table:ident {
            $(
                $(#[doc = $help:literal])*
                $(#[formerly($old:literal)])?
                pub $name:ident: $type:ty,
            )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Default)]
        pub struct $table {
            $(
                $(#[doc = $help])*
                pub $name: $type,
            )*
        }

        impl $crate::settings::Settings for $table {
            const ABOUT: &'static str = concat!($($about),*);
            const SETTINGS: &'static [$crate::settings::Setting] = &[$($crate::settings::Setting {
                name: stringify!($name),
                help: concat!($($help),*),
                formerly: $crate::settings::formerly!($($old)?),
            },)*];
        }

        impl $table {
            /// Reads the value of a setting; `false` when the setting is another door's.
            pub(crate) fn read<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                map: &mut A,
            ) -> Result<bool, A::Error> {
                match name {
                    $(stringify!($name) => self.$name = map.next_value()?,)*
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    };
}

/// Serialises a type as the text that it is written in.
macro_rules! serialize_as_text {
    ($($type:ty),*) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

pub(crate) use {formerly, route_settings, serialize_as_text, settings};
