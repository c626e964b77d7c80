//! Wheels, made in memory.

use serde_json::{Value, json};

use crate::archive::{Archive, hex, sha256, zip};

/// A wheel in the making; its file name says that it fits every platform.
pub struct Wheel {
    name: String,
    version: String,
    members: Vec<(String, Vec<u8>)>,
}

impl Wheel {
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            members: Vec::new(),
        }
    }

    pub fn file(mut self, path: &str, content: &str) -> Self {
        self.members.push((path.to_owned(), content.into()));
        self
    }

    /// A command that calls `main` of the module that is called as the project.
    pub fn command(self, command: &str) -> Self {
        let text = format!("[console_scripts]\n{command} = {}:main\n", self.name);
        let path = format!("{}/entry_points.txt", self.metadata());
        self.file(&path, &text)
    }

    fn metadata(&self) -> String {
        format!("{}-{}.dist-info", self.name, self.version)
    }

    pub fn build(self) -> Archive {
        let (name, version, metadata) = (self.name.clone(), self.version.clone(), self.metadata());
        let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        let wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        let mut wheel = self
            .file(&format!("{metadata}/METADATA"), &text)
            .file(&format!("{metadata}/WHEEL"), wheel);
        let rows = wheel.members.iter().map(|(path, _)| format!("{path},,\n"));
        let record: String = rows.chain([format!("{metadata}/RECORD,,\n")]).collect();
        wheel = wheel.file(&format!("{metadata}/RECORD"), &record);
        let bytes = zip(&wheel.members);
        let file_name = format!("{name}-{version}-py3-none-any.whl");
        let url = format!("http://127.0.0.1:9/files/{file_name}");
        let entry = json!({"kind": "wheel", "name": name, "version": version, "url": url,
            "file_name": file_name, "sha256": hex(&sha256(&bytes)), "md5": null, "size": Value::Null,
            "direct_url": null});
        Archive {
            file_name,
            bytes,
            entry,
        }
    }
}
