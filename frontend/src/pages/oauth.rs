//! What applications ask for on the web: the consent, and the page that shows a token to who made it.

mod authorize;
mod local;

pub(crate) use authorize::Authorize;
pub(crate) use local::LocalApp;
