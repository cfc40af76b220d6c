//! How runs and files of weights are called in tables.

use std::path::Path;

/// Names as they are shown: of paths the last part, of files without its ending, where no two are shown alike.
pub fn shown(names: &[String]) -> Vec<String> {
    let short: Vec<String> = names.iter().map(|name| last_part(name)).collect();
    let is_alone = |index: usize| short.iter().enumerate().all(|(other, name)| other == index || *name != short[index]);
    (0..names.len()).map(|index| if is_alone(index) { short[index].clone() } else { names[index].clone() }).collect()
}

/// The last part of what is a path; anything else as it is.
fn last_part(name: &str) -> String {
    let path = Path::new(name);
    let part = match (path.is_file(), path.is_dir()) {
        (true, _) => path.file_stem(),
        (_, true) => path.file_name(),
        _ => None,
    };
    part.map_or_else(|| name.into(), |part| part.to_string_lossy().into_owned())
}

/// The first that is named twice, or two of whose names are of one file or folder.
pub fn named_twice(names: &[String]) -> Option<&str> {
    let identity = |name: &String| std::fs::canonicalize(name).unwrap_or_else(|_| name.into());
    let all: Vec<_> = names.iter().map(identity).collect();
    twice(&all).map(|index| names[index].as_str())
}

/// Where the first stands that is among them for the second time.
pub fn twice<T: PartialEq>(all: &[T]) -> Option<usize> {
    (1..all.len()).find(|&index| all[..index].contains(&all[index]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_short_where_that_is_unambiguous() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        for (run, file) in [("a", "theta.safetensors"), ("b", "theta.safetensors"), ("b", "random.safetensors")] {
            std::fs::create_dir_all(path(run)).unwrap();
            std::fs::write(folder.path().join(run).join(file), "").unwrap();
        }
        let [first, second, random] = ["a/theta.safetensors", "b/theta.safetensors", "b/random.safetensors"].map(path);
        let names = |names: &[&String]| shown(&names.iter().map(|name| name.to_string()).collect::<Vec<_>>());
        let player = "ucb1:c=0.2".to_string();
        assert_eq!(names(&[&first, &path("b"), &player]), ["theta", "b", "ucb1:c=0.2"]);
        assert_eq!(names(&[&first, &second, &path("a")]), [first.as_str(), &second, "a"]);
        let other = "random".to_string();
        assert_eq!(names(&[&other, &random]), ["random", random.as_str()], "it is no player");
    }

    #[test]
    fn whoever_is_named_twice_is_found_under_other_names_too() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        std::fs::create_dir(&run).unwrap();
        let (run, around) = (run.display().to_string(), run.join("../run").display().to_string());
        let names = |names: [&str; 3]| named_twice(&names.map(String::from)).map(String::from);
        assert_eq!(names(["random", &run, "tit-for-tat"]), None);
        assert_eq!(names(["random", "tit-for-tat", "random"]), Some("random".into()));
        assert_eq!(names([&run, "random", &around]), Some(around));
    }
}
