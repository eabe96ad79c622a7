//! The context that expressions of these tests see: that of the fixtures. Changes nothing in it.

use crate::expr::Eval;
use crate::expr::fixture::cases;
use crate::expr::scene::Scene;
use crate::rng::Rng;
use serde_json::Value as Json;

/// The context document of the fixtures.
pub(super) fn document() -> Json {
    serde_json::from_str(include_str!("../../../../fixtures/expr/context.json")).unwrap()
}

pub(super) struct World {
    scene: Scene,
    rng: Rng,
}

impl World {
    pub(super) fn new() -> Self {
        let unchanged = cases("--- unchanged\n").remove(0);
        let scene = unchanged.stage(&document()).unwrap().scene().unwrap();
        Self { rng: scene.rng(), scene }
    }

    pub(super) fn eval(&mut self) -> Eval<'_> {
        self.scene.eval(&mut self.rng)
    }
}
