//! Lists the files of `crates/server/web/` and `clients/js/` for `pages.rs`, so that a new file is served without being named twice.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let mut table = String::from("&[\n");
    for (folder, prefix) in [("crates/server/web", "/"), ("clients/js", "/client/")] {
        let folder = root.join(folder);
        println!("cargo:rerun-if-changed={}", folder.display());
        for file in files(&folder)? {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // Of the client library only what a browser loads.
            if prefix == "/client/" && !name.ends_with(".js") {
                continue;
            }
            println!("cargo:rerun-if-changed={}", file.display());
            let path = format!("{prefix}{name}");
            let path = match path.as_str() {
                "/index.html" => "/".to_owned(),
                "/docs.html" => "/docs".to_owned(),
                _ => path,
            };
            writeln!(table, "    ({path:?}, {name:?}, include_bytes!({:?})),", file.display())?;
        }
    }
    table.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("pages.rs"), table)?;
    Ok(())
}

/// The plain files of a folder, in order; none when there is no such folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.file_type()?.is_file() && !hidden {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
