//! An element of an XML document: what the reader makes and a document's schema is compared with.

use super::input::Input;

/// An element of an XML document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct XmlElement {
    /// Its name with its prefix.
    pub name: String,
    /// Its attributes.
    pub attributes: Vec<(String, String)>,
    /// The text directly in it.
    pub text: String,
    /// The elements directly in it.
    pub children: Vec<XmlElement>,
}

impl XmlElement {
    /// Calls `each` with every text and attribute and the name that it stands under, until it answers. Names are
    /// inputs too.
    pub(crate) fn find_input<T>(&self, each: &mut impl FnMut(Input<'_>) -> Option<T>) -> Option<T> {
        let mut attributes = self.attributes.iter();
        attributes
            .find_map(|(name, value)| {
                each(Input::value(name, value.as_bytes()))
                    .or_else(|| each(Input::name(name, name.as_bytes())))
            })
            .or_else(|| each(Input::value(&self.name, self.text.as_bytes())))
            .or_else(|| each(Input::name(&self.name, self.name.as_bytes())))
            .or_else(|| self.children.iter().find_map(|child| child.find_input(each)))
    }
}
