//! Parts of pages: `PatternFly`'s markup as components, and a few of our own.

mod avatar;
mod button;
mod confirm;
mod copy;
mod ending;
mod entity;
mod failures;
mod field;
mod form_dialog;
mod heading;
mod icon;
mod labels;
mod list;
mod load;
mod markdown;
mod menu;
mod message;
mod modal;
mod picker;
mod popover;
mod raw_answer;
mod scopes;
mod search;
mod select;
mod states;
mod table;
mod tabs;
mod toast;
mod toggle;
mod wizard;

pub(crate) use avatar::Avatar;
pub(crate) use button::{Button, ButtonKind, LinkButton};
pub(crate) use confirm::{ConfirmDialog, QuestionDialog};
pub(crate) use copy::{CodeBlock, CopyButton, CopyLine, DigestText, copy_text};
pub(crate) use ending::{EndDialog, Ending};
pub(crate) use entity::{Entity, EntityKind, EntityName, KindLabel};
pub(crate) use failures::Failures;
pub(crate) use field::{FormAlert, FormGroup, PasswordField, TextArea, TextField};
pub(crate) use form_dialog::{FormDialog, warn_before_leaving};
pub(crate) use heading::{Crumb, Crumbs, Heading, Navigated};
pub(crate) use icon::Icon;
pub(crate) use labels::{FilterChip, Label, Size, Time, VisibilityLabel};
pub(crate) use list::{
    BulkBar, Chosen, ListPlace, ListUrl, Pager, PlacePager, Selection, counted,
    counted_and_grouped, use_list_url, use_list_url_by,
};
pub(crate) use load::{ask, load};
pub(crate) use markdown::Markdown;
pub(crate) use menu::{Menu, MenuItem};
pub(crate) use message::{MessageBanner, severity_words};
pub(crate) use modal::{Modal, Shape, ShowDialog};
pub(crate) use picker::{EntityList, EntityPicker, Lookup, Picked, entity_id};
pub(crate) use popover::Popover;
pub(crate) use raw_answer::RawAnswerView;
pub(crate) use scopes::{ScopeChoices, ScopeLabels, ScopeList, joined as joined_scopes};
pub(crate) use search::{SearchBox, SearchInput};
pub(crate) use select::Select;
pub(crate) use states::{
    Empty, ErrorState, NotFetched, NotVisible, SkeletonLines, SkeletonTable, error_text,
};
pub(crate) use table::{Cell, Column, DataTable, ListTools, Listing, Row};
pub(crate) use tabs::{Tab, Tabs};
pub(crate) use toast::{Toaster, Toasts, use_toasts};
pub(crate) use toggle::ToggleGroup;
pub(crate) use wizard::{Step, Wizard};
