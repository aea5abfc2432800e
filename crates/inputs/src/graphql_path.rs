//! Where an argument stands in a GraphQL request.

/// `FIELD.ARGUMENT`, and the names within an input object: `order.id`, `saveOrder.input.id`; `*` for any field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphqlPath {
    field: Box<str>,
    argument: Box<str>,
    members: Vec<Box<str>>,
}

impl GraphqlPath {
    /// Whether a field's name is meant; GraphQL names have case.
    pub fn is_of_field(&self, name: &str) -> bool {
        &*self.field == "*" || &*self.field == name
    }

    /// The argument's name.
    pub fn argument(&self) -> &str {
        &self.argument
    }

    /// The names within it.
    pub fn members(&self) -> &[Box<str>] {
        &self.members
    }
}

impl std::str::FromStr for GraphqlPath {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let mut names = text.split('.');
        let field = names.next().filter(|name| *name == "*" || is_name(name)).ok_or(())?;
        let mut rest: Vec<Box<str>> = Vec::new();
        for name in names {
            rest.push(Some(name).filter(|name| is_name(name)).ok_or(())?.into());
        }
        if rest.is_empty() {
            return Err(());
        }
        let argument = rest.remove(0);
        Ok(GraphqlPath { field: field.into(), argument, members: rest })
    }
}

impl std::fmt::Display for GraphqlPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.field, self.argument)?;
        self.members.iter().try_for_each(|name| write!(f, ".{name}"))
    }
}
