//! Starts the console in the page.

fn main() {
    berth_frontend::start();
}
