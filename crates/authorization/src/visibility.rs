//! What policies can see of a request, and when.

use http::Method;
use openapi::Operation;

/// What of a request can be seen before the decision.
pub struct Visibility<'d> {
    /// Whether its body is held back, so that policies can use it.
    pub body: bool,
    /// Where its object is.
    pub object: ObjectFrom<'d>,
}

/// Where the object of an operation's requests comes from.
pub enum ObjectFrom<'s> {
    /// It is not known in time.
    Nowhere,
    /// The response is the object, or a list of them at a JSON Pointer.
    Response(Option<&'s str>),
    /// The response of another operation, which is read first.
    Read(&'s Operation),
}

/// The visibility of requests with a method on a path template.
pub type VisibilityOf<'d> = dyn Fn(&Method, &str) -> Visibility<'d> + 'd;
