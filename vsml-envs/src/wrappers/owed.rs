//! What a picture says of rewards that are still to be paid.

use crate::picture::Picture;

/// The same picture, with `sum` as what is owed in its caption if it is anything.
pub(super) fn with_owed(picture: Picture, sum: f64) -> Picture {
    if sum == 0.0 {
        return picture;
    }
    let separator = if picture.caption.is_empty() { "" } else { "; " };
    let caption = format!("{}{separator}still to be paid: {sum}", picture.caption);
    picture.with_caption(caption)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Scene;

    #[test]
    fn what_is_owed_follows_the_caption_that_is_there() {
        let plain = || Picture::from(Scene::new((0.0, 1.0), (0.0, 1.0)));
        assert_eq!(with_owed(plain(), 0.0), plain());
        assert_eq!(with_owed(plain(), 1.5).caption, "still to be paid: 1.5");
        assert_eq!(with_owed(plain().with_caption("trial 3"), -1.0).caption, "trial 3; still to be paid: -1");
    }
}
