//! Where in a row of input the features are that a model wants.

/// What is known about the columns of the table that the model was tuned on.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The names of all features, if there are names.
    names: Option<Vec<String>>,
    /// The same for messages alone, which may know more.
    called: Option<Vec<String>>,
    class: Class,
    /// The places of the model's features among all.
    chosen: Vec<usize>,
    /// Number of all features.
    width: usize,
}

/// Where the class is, as far as that is known.
#[derive(Debug, Clone)]
pub(super) struct Class {
    pub(super) column: Option<usize>,
    pub(super) name: Option<String>,
}

/// Which columns of a row are which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    /// Number of columns.
    pub(super) columns: usize,
    /// Those of the model's features.
    pub(super) features: Vec<usize>,
    /// That of the class.
    pub(super) class: Option<usize>,
}

impl Layout {
    pub(super) fn new(
        names: Option<&[String]>,
        class: Class,
        chosen: &[usize],
        width: usize,
    ) -> Self {
        let names = names.map(<[String]>::to_vec);
        Self {
            called: names.clone(),
            names,
            class,
            chosen: chosen.to_vec(),
            width,
        }
    }

    /// Calls features by names that stand in no header.
    pub(super) fn called(mut self, names: &[&str]) -> Self {
        self.called = Some(names.iter().map(|&name| name.to_owned()).collect());
        self
    }

    /// How many features the model wants.
    pub(super) fn features(&self) -> usize {
        self.chosen.len()
    }

    /// The places in a row of so many columns: all of the table, all but the class, or the model's features alone.
    /// Where classes are needed, only the first will do.
    pub(super) fn by_count(&self, columns: usize, needs_class: bool) -> Option<Places> {
        let places = |features, class| Places {
            columns,
            features,
            class,
        };
        match self.class.column {
            Some(class) if columns == self.width + 1 => {
                let behind = |at: &usize| at + usize::from(*at >= class);
                let features = self.chosen.iter().map(behind).collect();
                Some(places(features, Some(class)))
            }
            _ if needs_class => None,
            _ if columns == self.width => Some(places(self.chosen.clone(), None)),
            _ if columns == self.features() => Some(places((0..columns).collect(), None)),
            _ => None,
        }
    }

    /// The places under a header; `None` where the table has no names to find in it.
    ///
    /// # Errors
    /// What is not in the header.
    pub(super) fn by_names(
        &self,
        header: &[&str],
        needs_class: bool,
    ) -> Option<Result<Places, String>> {
        let names = self.names.as_ref()?;
        let find = |wanted: &str| {
            let place = header.iter().position(|name| *name == wanted);
            place.ok_or_else(|| format!("`{wanted}`"))
        };
        // Of features with the same name, each in turn.
        let feature = |&at: &usize| {
            let same = |name: &&String| **name == names[at];
            let before = names[..at].iter().filter(same).count();
            let mut places = (0..header.len()).filter(|&place| header[place] == names[at]);
            places.nth(before).ok_or_else(|| format!("`{}`", names[at]))
        };
        let features: Result<Vec<usize>, String> = self.chosen.iter().map(feature).collect();
        // Without a name it is found by its place, unless columns were moved about.
        let in_place = |class: &usize| {
            let name = header.get(*class);
            name.is_some_and(|name| !names.iter().any(|other| other == name))
        };
        let class = match &self.class.name {
            Some(name) => find(name),
            None => (self.class.column.filter(in_place)).ok_or_else(|| "the class".to_owned()),
        };
        Some(features.and_then(|features| {
            Ok(Places {
                columns: header.len(),
                features,
                class: if needs_class {
                    Some(class?)
                } else {
                    class.ok()
                },
            })
        }))
    }

    /// What a row is expected to be, for messages.
    pub(super) fn expected(&self, needs_class: bool) -> String {
        const SHOWN: usize = 8;
        let mut features = format!("{} features", self.features());
        if let Some(names) = &self.called {
            let chosen = self.chosen.iter().take(SHOWN);
            let shown = chosen.filter_map(|&at| names.get(at).map(|name| &**name));
            let more = if self.features() > SHOWN { ", …" } else { "" };
            features = format!(
                "{features} named {}{more}",
                shown.collect::<Vec<_>>().join(", ")
            );
        }
        let columns = self.width + 1;
        match (self.class.column, needs_class) {
            (Some(class), true) => format!("{columns} columns, the class in column {}", class + 1),
            (Some(class), false) => {
                format!(
                    "{features}, or {columns} columns with the class in column {}",
                    class + 1
                )
            }
            (None, true) => format!("a header that names the class, and {features}"),
            (None, false) => features,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(names: Option<&[&str]>, class: Class, chosen: &[usize]) -> Layout {
        let names: Option<Vec<String>> =
            names.map(|names| names.iter().map(|&name| name.to_owned()).collect());
        Layout::new(names.as_deref(), class, chosen, 3)
    }

    fn places(columns: usize, features: &[usize], class: Option<usize>) -> Places {
        Places {
            columns,
            features: features.to_vec(),
            class,
        }
    }

    fn at(column: usize) -> Class {
        Class {
            column: Some(column),
            name: None,
        }
    }

    #[test]
    fn rows_may_have_all_columns_or_fewer() {
        let layout = layout(None, at(1), &[0, 2]);
        assert_eq!(layout.by_count(4, false), Some(places(4, &[0, 3], Some(1))));
        assert_eq!(layout.by_count(3, false), Some(places(3, &[0, 2], None)));
        assert_eq!(layout.by_count(2, false), Some(places(2, &[0, 1], None)));
        assert_eq!(layout.by_count(5, false), None);
        assert_eq!(layout.by_count(3, true), None);
        assert_eq!(
            layout.expected(false),
            "2 features, or 4 columns with the class in column 2"
        );
    }

    #[test]
    fn features_with_one_name_are_told_apart_by_their_order() {
        let layout = layout(Some(&["x", "y", "x"]), at(3), &[0, 2]);
        let found = layout.by_names(&["y", "x", "x", "kind"], false);
        assert_eq!(found, Some(Ok(places(4, &[1, 2], Some(3)))));
        assert_eq!(
            layout.by_names(&["y", "x", "kind"], false),
            Some(Err("`x`".to_owned()))
        );
    }

    #[test]
    fn names_are_found_in_any_order() {
        let kind = Class {
            column: None,
            name: Some("kind".to_owned()),
        };
        let layout = layout(Some(&["x", "y", "z"]), kind, &[2, 0]);
        let found = layout.by_names(&["kind", "z", "other", "x"], true);
        assert_eq!(found, Some(Ok(places(4, &[1, 3], Some(0)))));
        assert_eq!(
            layout.by_names(&["x", "y"], false),
            Some(Err("`z`".to_owned()))
        );
        assert_eq!(
            layout.by_names(&["x", "z"], true),
            Some(Err("`kind`".to_owned()))
        );
        assert_eq!(layout.expected(false), "2 features named z, x");
    }
}
