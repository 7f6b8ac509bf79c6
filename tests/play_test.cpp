// The play head in time: durations and curves of the style tokens, steps, units, views and what edits do to it.
#include <gtest/gtest.h>

#include <cmath>

#include "app/app.h"
#include "core/presets.h"

namespace convscope {
namespace {

Document preset(std::string_view name) {
    for (const DocumentPreset& p : document_presets())
        if (p.name == name) return p.make();
    ADD_FAILURE() << "no preset " << name;
    return standard_document();
}

Value both(int64_t v) { return Pair{v, v}; }

TEST(Play, AStepMovesAndRests) {
    App app(standard_document());
    go_to_step(app, 10);
    EXPECT_EQ(fraction(app), 1);
    EXPECT_FALSE(animating(app));
    EXPECT_GT(seconds_to_next_change(app), 1000);
    step(app, 1);
    EXPECT_EQ(app.state.play.step, 11);
    EXPECT_EQ(app.state.play.from_step, 10);
    EXPECT_EQ(fraction(app), 0);
    EXPECT_TRUE(animating(app));
    update(app, 0.06);                                    // half of a term's 120 ms
    EXPECT_NEAR(fraction(app), 1 - 0.5 * 0.5 * 0.5, 1e-6);   // ease out cubic
    update(app, 0.07);
    EXPECT_EQ(fraction(app), 1);
    EXPECT_FALSE(animating(app));
}

TEST(Play, AWindowEasesInAndOut) {
    App app(standard_document());
    go_to_step(app, 9);
    step_unit(app, Unit::window, 1);
    EXPECT_EQ(app.state.play.step, 18);
    update(app, 0.045);                                   // a quarter of 180 ms
    EXPECT_NEAR(fraction(app), 4 * 0.25 * 0.25 * 0.25, 1e-6);
    update(app, 0.045);
    EXPECT_NEAR(fraction(app), 0.5, 1e-6);
}

TEST(Play, ForwardAndBackCoverTheSameGround) {
    for (const DocumentPreset& p : document_presets()) {
        App app(p.make());
        for (const Unit unit : step_units(app)) {
            go_to_step(app, 0);
            std::vector<int64_t> forth, back;
            for (int i = 0; i < 300 && app.state.play.step < app.timeline.steps(); ++i) {
                forth.push_back(app.state.play.step);
                step_unit(app, unit, 1);
            }
            while (app.state.play.step > 0) {
                step_unit(app, unit, -1);
                back.insert(back.begin(), app.state.play.step);
            }
            EXPECT_EQ(forth, back) << p.name << " unit " << static_cast<int>(unit);
        }
    }
}

TEST(Play, SeveralStepsAtOnceStopAtTheEnds) {
    App app(standard_document());
    go_to_step(app, 0);
    step(app, 1000000);
    EXPECT_EQ(app.state.play.step, 144);
    step(app, 1);
    EXPECT_EQ(app.state.play.step, 144);
    step(app, -1000000);
    EXPECT_EQ(app.state.play.step, 0);
    go_to_step(app, -5);
    EXPECT_EQ(app.state.play.step, 0);
    go_to_step(app, INT64_MAX);
    EXPECT_EQ(app.state.play.step, 144);
}

/// How many terms a play makes in that time.
int64_t terms_in(double seconds, float speed, bool reduce, double dt) {
    App app(standard_document());
    app.state.settings.reduce_motion = reduce;
    go_to_step(app, 0);
    set_speed(app, speed);
    set_playing(app, true);
    for (double t = 0; t < seconds - dt / 2; t += dt) update(app, dt);
    return app.state.play.step;
}

TEST(Play, HalfASecondATerm) {
    // The first step is made at once, the next after 0.5 s each.
    EXPECT_EQ(terms_in(0.45, 1, false, 0.01), 1);
    EXPECT_EQ(terms_in(5.05, 1, false, 0.01), 11);
    EXPECT_EQ(terms_in(5.05, 2, false, 0.01), 21);
    EXPECT_EQ(terms_in(5.05, 0.25f, false, 0.01), 3);
    EXPECT_EQ(terms_in(5.05, 4, false, 0.01), 41);
    // Reduced motion drops the 120 ms and keeps the rest of 380.
    EXPECT_EQ(terms_in(3.82, 1, true, 0.01), 11);
}

TEST(Play, TimeIsCountedAlikeInManyPiecesAndInOne) {
    for (const float speed : {0.5f, 1.0f, 3.0f, 16.0f})
        EXPECT_EQ(terms_in(3.01, speed, false, 3.01), terms_in(3.01, speed, false, 0.0007)) << speed;
}

TEST(Play, FromFourTimesOnStepsJump) {
    App app(standard_document());
    go_to_step(app, 0);
    set_speed(app, 4);
    set_playing(app, true);
    update(app, 0.001);
    EXPECT_EQ(app.state.play.step, 1);
    EXPECT_EQ(fraction(app), 1);
}

TEST(Play, PausesAtTheEndAndStartsAgain) {
    App app(standard_document());
    go_to_step(app, 143);
    set_playing(app, true);
    update(app, 0.01);
    EXPECT_EQ(app.state.play.step, 144);
    update(app, 10);
    EXPECT_FALSE(app.state.play.playing);
    EXPECT_FALSE(animating(app));
    EXPECT_GT(seconds_to_next_change(app), 1000);
    set_playing(app, true);
    EXPECT_EQ(app.state.play.step, 0);
    update(app, 0.01);
    EXPECT_EQ(app.state.play.step, 1);
}

TEST(Play, SleepsUntilTheRestIsOver) {
    App app(standard_document());
    go_to_step(app, 0);
    set_playing(app, true);
    update(app, 0.2);
    EXPECT_TRUE(animating(app));
    EXPECT_NEAR(seconds_to_next_change(app), 0.3, 1e-9);
}

TEST(Play, StrangeTimesDoNoHarm) {
    App app(standard_document());
    go_to_step(app, 0);
    set_playing(app, true);
    for (const double dt : {-1.0, std::nan(""), 0.0}) update(app, dt);
    EXPECT_LE(app.state.play.step, 1);
    update(app, INFINITY);
    EXPECT_EQ(app.state.play.step, 144);
    set_speed(app, NAN);
    set_speed(app, 1e9f);
    EXPECT_EQ(app.state.play.speed, 16);
    set_speed(app, -3);
    EXPECT_EQ(app.state.play.speed, 0.25f);
}

TEST(Play, AnEditKeepsTheOutputCell) {
    App app(standard_document());
    const Index before = app.timeline.at(app.state.play.step).cell;
    edit(app, with_param(app.state.document, 0, "stride", both(1)));
    EXPECT_EQ(app.timeline.at(app.state.play.step).cell, before);
    EXPECT_EQ(app.timeline.at(app.state.play.step).term, 4);
    // A cell that is gone gives way to the last that there is.
    edit(app, with_param(app.state.document, 0, "stride", both(5)));
    EXPECT_EQ(app.timeline.at(app.state.play.step).cell, (Index{0, 0, 1, 1}));
    go_to_step(app, app.timeline.steps());
    edit(app, with_param(app.state.document, 0, "stride", both(1)));
    EXPECT_EQ(app.state.play.step, app.timeline.steps());
    go_to_step(app, 0);
    edit(app, with_param(app.state.document, 0, "stride", both(2)));
    EXPECT_EQ(app.state.play.step, 0);
}

TEST(Play, AFinishedWindowStaysFinished) {
    App app(standard_document());
    go_to_step(app, 72);
    edit(app, with_param(app.state.document, 0, "kernel_size", both(2)));
    EXPECT_TRUE(app.timeline.at(app.state.play.step).window_done());
    edit(app, with_param(app.state.document, 0, "kernel_size", both(4)));
    EXPECT_EQ(app.timeline.at(app.state.play.step).term, 15);
}

TEST(Play, AValueEditDoesNotDisturbAMove) {
    App app(standard_document());
    step(app, 1);
    update(app, 0.03);
    const float before = fraction(app);
    set_value(app, {Source::input, 0, {0, 0, 3, 3}}, 99, "");
    EXPECT_EQ(fraction(app), before);
    EXPECT_EQ(app.state.play.step, 69);
}

// ---- Views

TEST(Views, TheOtherOrderKeepsTheTerm) {
    // Where both orders have a place for a product, going there and back is the identity.
    for (const char* name : {"Transposed 2×2, overlapping stamps", "Emboss on random integers", "Reflected padding",
                             "Three channels in, four out", "Depthwise", "There and back"}) {
        App app(preset(name));
        choose_view(app, "slide");
        const Plan& plan = app.state.result->layers[0].plan;
        for (int64_t s = 1; s < app.timeline.steps(); s += 7) {
            go_to_step(app, s);
            const Place place = app.timeline.at(s);
            const Explanation told = explain(*app.state.result, 0, plan.output, place.cell);
            const Term& term = told.terms[static_cast<size_t>(place.term)];
            if (term.b.source != Source::weight || term.a.source != Source::input) continue;
            choose_view(app, "scatter");
            const Place there = app.timeline.at(app.state.play.step);
            const StampTerm stamp = stamp_term(plan, there.cell, there.term);
            EXPECT_EQ(stamp.weight, term.b.cell) << name << " step " << s;
            EXPECT_EQ(stamp.output, place.cell) << name << " step " << s;
            choose_view(app, "slide");
            EXPECT_EQ(app.state.play.step, s) << name;
        }
    }
}

TEST(Views, ATermWithoutAPlaceGivesTheNearest) {
    App app(standard_document());
    go_to_step(app, 1);                       // the first product reads a zero of the padding
    choose_view(app, "scatter");
    EXPECT_GE(app.state.play.step, 0);
    EXPECT_LE(app.state.play.step, app.timeline.steps());
    choose_view(app, "slide");
    choose_view(app, "no such view");
    EXPECT_EQ(app.state.view, "slide");
}

TEST(Views, EndsStayEnds) {
    App app(preset("Transposed 2×2, overlapping stamps"));
    go_to_step(app, app.timeline.steps());
    choose_view(app, "slide");
    EXPECT_EQ(app.state.play.step, app.timeline.steps());
    go_to_step(app, 0);
    choose_view(app, "scatter");
    EXPECT_EQ(app.state.play.step, 0);
}

TEST(Views, GoToCellIsWhenItIsDone) {
    App app(standard_document());
    go_to_cell(app, {"output", 2, 1});
    EXPECT_EQ(app.state.play.step, (2 * 4 + 1 + 1) * 9);
    go_to_cell(app, {"output", 99, 1});
    EXPECT_EQ(app.state.play.step, 90);

    // By input: cell (1, 1) of the 3×3 sums gets its last product from input (1, 1), weight (0, 0).
    App transposed(preset("Transposed 2×2, overlapping stamps"));
    go_to_cell(transposed, {"output", 1, 1});
    const Place place = transposed.timeline.at(transposed.state.play.step);
    EXPECT_EQ(place.cell, (Index{0, 0, 1, 1}));
    EXPECT_EQ(place.term, 0);
}

TEST(Views, AChannelIsShownAtTheSamePlace) {
    App app(preset("Three channels in, four out"));
    const Place before = app.timeline.at(app.state.play.step);
    show_channel(app, 3);
    const Place after = app.timeline.at(app.state.play.step);
    EXPECT_EQ(after.cell, (Index{0, 3, before.cell.h, before.cell.w}));
    EXPECT_EQ(after.term, before.term);
    EXPECT_EQ(app.state.shown.out_channel, 3);
    show_channel(app, 4);
    show_channel(app, -1);
    EXPECT_EQ(app.state.shown.out_channel, 3);
}

TEST(Views, UnitsAreThoseOfViewAndLayer) {
    App app(standard_document());
    EXPECT_EQ(step_units(app), (std::vector<Unit>{Unit::term, Unit::window, Unit::row, Unit::layer}));
    set_unit(app, Unit::channel);
    EXPECT_EQ(app.state.play.unit, Unit::term);
    set_unit(app, Unit::row);
    step(app, 1);
    EXPECT_EQ(app.state.play.step, 72);
}

TEST(Views, LayersOfAChain) {
    App app(preset("There and back"));
    ASSERT_EQ(app.state.result->layers.size(), 2u);
    choose_layer(app, 1);
    EXPECT_EQ(app.state.layer, 1);
    EXPECT_EQ(app.timeline.order(), chosen_view(app).order);
    // The second layer's input is computed: it cannot be edited.
    EXPECT_EQ(document_value(app, {Source::input, 0, {}}), std::nullopt);
    EXPECT_NE(document_value(app, {Source::weight, 0, {}}), std::nullopt);
    choose_layer(app, 99);
    EXPECT_EQ(app.state.layer, 1);
    choose_layer(app, -1);
    EXPECT_EQ(app.state.layer, 0);
}

// ---- Ledger

TEST(Ledger, FollowsThePlayHead) {
    App app(standard_document());
    const auto told = ledger(app);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->cell, (Index{0, 0, 1, 3}));
    EXPECT_EQ(told->explanation.terms.size(), 9u);
    EXPECT_EQ(told->done, 5);
    EXPECT_EQ(told->current, 4);
    EXPECT_FALSE(told->pinned);
    go_to_step(app, 0);
    EXPECT_EQ(ledger(app)->done, 0);
    EXPECT_EQ(ledger(app)->current, -1);
}

TEST(Ledger, APinnedCellStays) {
    App app(preset("Three channels in, four out"));
    ASSERT_TRUE(pin_output(app, {0, 1, 2, 3}));
    EXPECT_FALSE(pin_output(app, {0, 4, 0, 0}));
    show_channel(app, 3);
    const auto told = ledger(app);
    ASSERT_TRUE(told);
    EXPECT_TRUE(told->pinned);
    EXPECT_EQ(told->cell, (Index{0, 1, 2, 3}));
    EXPECT_EQ(told->done, static_cast<int64_t>(told->explanation.terms.size()));
    // A cell that no longer exists gives way to the play head's.
    edit(app, with_param(app.state.document, 0, "out_channels", int64_t(1)));
    EXPECT_FALSE(ledger(app)->pinned);
}

TEST(Ledger, ByInputTermsStandInStampingOrder) {
    App app(preset("Transposed 2×2, overlapping stamps"));
    // Output (1, 1) = 1·5 + 0·4 + 2·3 + 3·2, stamped by inputs (0,0), (0,1), (1,0), (1,1) in that order.
    go_to_step(app, app.timeline.step_of({0, 0, 1, 0}, 1));
    const auto told = ledger(app);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->cell, (Index{0, 0, 1, 1}));
    ASSERT_EQ(told->explanation.terms.size(), 4u);
    std::vector<double> products;
    for (const Term& term : told->explanation.terms) products.push_back(term.product);
    EXPECT_EQ(products, (std::vector<double>{5, 0, 6, 6}));
    EXPECT_EQ(told->done, 3);
    EXPECT_EQ(told->current, 2);
}

TEST(Ledger, ByInputZerosOfThePaddingComeLast) {
    App app(standard_document());
    choose_view(app, "scatter");
    // Output (0, 0) reads five zeros of the padding and the inputs (0,0), (0,1), (1,0), (1,1).
    const int64_t step = app.timeline.step_of({0, 0, 0, 1}, 5);    // input (0, 1) with weight (1, 2)
    go_to_step(app, step);
    const auto told = ledger(app);
    ASSERT_TRUE(told);
    ASSERT_EQ(told->cell, (Index{0, 0, 0, 0}));
    ASSERT_EQ(told->explanation.terms.size(), 9u);
    for (size_t t = 0; t < 9; ++t) EXPECT_EQ(told->explanation.terms[t].a.source == Source::input, t < 4) << t;
    EXPECT_EQ(told->done, 2);
    EXPECT_EQ(told->current, 1);
}

}  // namespace
}  // namespace convscope
