//! Data on its way, in its states.

use std::{any::Any, marker::PhantomData, rc::Rc};

use futures::future::LocalBoxFuture;
use leptos::prelude::*;

use super::ErrorState;
use crate::api::{Answer, ApiError};

type Anything = Result<Rc<dyn Any>, ApiError>;
type Ask = Box<dyn Fn() -> LocalBoxFuture<'static, Anything>>;

/// The answer to a question that is asked again whenever a signal in it changes.
///
/// Its type is kept beside it and not in it, so that the compiler makes the machinery once and not
/// for each question.
pub(crate) struct Loaded<T> {
    resource: LocalResource<Anything>,
    data: PhantomData<fn() -> T>,
}

impl<T> Clone for Loaded<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Loaded<T> {}

impl<T> Loaded<T> {
    /// The answer as it is now, the old one while it is asked for again.
    pub(crate) fn get(self) -> Option<Result<T, ApiError>>
    where
        T: Clone + 'static,
    {
        let answer = self.resource.get()?;
        match answer.map(|data| data.downcast::<T>().ok()) {
            Ok(data) => data.map(|data| Ok((*data).clone())),
            Err(error) => Some(Err(error)),
        }
    }

    /// Asks once more; the old answer stays until the new one is there.
    pub(crate) fn refetch(self) {
        self.resource.refetch();
    }
}

/// Asks now, and again whenever a signal in `ask` changes.
pub(crate) fn ask<T: 'static>(ask: impl Fn() -> Answer<T> + 'static) -> Loaded<T> {
    let ask: Ask = Box::new(move || {
        let answer = ask();
        Box::pin(async move { Ok(Rc::new(answer.await?) as Rc<dyn Any>) })
    });
    Loaded {
        resource: LocalResource::new(ask),
        data: PhantomData,
    }
}

/// Shows an answer in its states. While it is asked for again the old one stays.
pub(crate) fn load<T, V>(
    loaded: Loaded<T>,
    skeleton: impl Fn() -> AnyView + Send + 'static,
    ready: impl Fn(T) -> V + Send + 'static,
) -> AnyView
where
    T: Clone + 'static,
    V: IntoView + 'static,
{
    let ready = move |data: Rc<dyn Any>| match data.downcast::<T>() {
        Ok(data) => ready((*data).clone()).into_any(),
        Err(_) => ().into_any(),
    };
    show(loaded.resource, Box::new(skeleton), Box::new(ready))
}

fn show(
    resource: LocalResource<Anything>,
    skeleton: Box<dyn Fn() -> AnyView + Send>,
    ready: Box<dyn Fn(Rc<dyn Any>) -> AnyView + Send>,
) -> AnyView {
    (move || match resource.get() {
        None => skeleton(),
        Some(Err(error)) => {
            view! { <ErrorState error on_retry=Callback::new(move |()| resource.refetch())/> }
                .into_any()
        }
        Some(Ok(data)) => ready(data),
    })
    .into_any()
}
