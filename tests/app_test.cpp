// The app without a window: documents, undo, files, the play head in time, views, ledger.
#include "app/app.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "core/io/image.h"
#include "core/network_of.h"
#include "core/presets.h"
#include "tests/own_folder.h"

namespace convscope {
namespace {

namespace fs = std::filesystem;

Document preset(std::string_view name) {
    for (const DocumentPreset& p : document_presets())
        if (p.name == name) return p.make();
    ADD_FAILURE() << "no preset " << name;
    return standard_document();
}

Value both(int64_t v) { return Pair{v, v}; }
Document with_stride(const App& app, int64_t stride) { return with_param(app.state.document, 0, "stride", both(stride)); }
Document with_kernel_size(const App& app, int64_t k) { return with_param(app.state.document, 0, "kernel_size", both(k)); }

const Tensor& output(const App& app) { return app.state.result->layers.back().output(); }

Ref input_ref(int64_t h, int64_t w) { return {Source::input, 0, {0, 0, h, w}}; }

// ---- Documents

TEST(App, OpensOnPicture01) {
    App app(standard_document());
    EXPECT_TRUE(settled(app));
    EXPECT_EQ(chosen_view(app).id, "slide");
    EXPECT_FALSE(app.state.play.playing);
    // Window 8 of 16, term 5 of 9: step 68 of 144.
    EXPECT_EQ(app.timeline.steps(), 144);
    EXPECT_EQ(app.state.play.step, 68);
    const Place place = app.timeline.at(app.state.play.step);
    EXPECT_EQ(place.window + 1, 8);
    EXPECT_EQ(place.term + 1, 5);
}

TEST(App, EveryPresetOpensOnAViewThatItOffers) {
    for (const DocumentPreset& p : document_presets()) {
        App app(p.make());
        const auto& layers = app.state.result->layers;
        ASSERT_FALSE(layers.empty()) << p.name;
        EXPECT_TRUE(chosen_view(app).offered(layers[0].plan)) << p.name;
        EXPECT_EQ(chosen_view(app).id, app.state.view) << p.name;
        const bool transposed = layers[0].plan.window && layers[0].plan.window->transposed();
        const Order own = transposed ? Order::by_input : Order::by_output;
        // A gradient-flow network is there for its gradients.
        const bool network = network_of(app.state.document).has_value();
        EXPECT_EQ(chosen_view(app).order, network ? Order::by_layer : own) << p.name;
        EXPECT_GT(app.state.play.step, 0) << p.name;
        EXPECT_LE(app.state.play.step, app.timeline.steps()) << p.name;
    }
}

TEST(App, AnEditIsComputedAndUndone) {
    App app(standard_document());
    const float before = output(app).at({0, 0, 0, 0});
    // Output (0, 0) reads input (0, 0) with weight (1, 1) of the emboss kernel, which is 1.
    ASSERT_EQ(app.state.document.layers[0].weights[0].at({0, 0, 1, 1}), 1);
    const float old = app.state.document.input.tensor.at({0, 0, 0, 0});
    set_value(app, input_ref(0, 0), old + 5, "");
    EXPECT_EQ(output(app).at({0, 0, 0, 0}), before + 5);
    EXPECT_FALSE(is_stale(app.state));
    EXPECT_TRUE(is_changed(app.state));
    undo(app);
    EXPECT_EQ(output(app).at({0, 0, 0, 0}), before);
    EXPECT_FALSE(is_changed(app.state));
    redo(app);
    EXPECT_EQ(output(app).at({0, 0, 0, 0}), before + 5);
    // A value that a person touched is no longer the generator's.
    EXPECT_TRUE(std::holds_alternative<std::monostate>(app.state.document.input.origin));
}

TEST(App, EditsSayWhatTheyDid) {
    App app(standard_document());
    edit(app, with_stride(app, 1));
    EXPECT_EQ(app.state.history.undo_label(), "Undo stride 2 → 1");
    EXPECT_EQ(output(app).shape(), (Shape{1, 1, 7, 7}));
}

TEST(App, AGestureIsOneStepToldAsAWhole) {
    App app(standard_document());
    const Tensor start = app.state.document.input.tensor;
    for (int i = 1; i <= 5; ++i) set_value(app, input_ref(0, 0), start.at({0, 0, 0, 0}) + static_cast<float>(i), "wheel 1");
    EXPECT_EQ(app.state.history.entries().size(), 2u);
    EXPECT_EQ(app.state.history.undo_label(), "Undo input (0, 0) 3 → 8");
    undo(app);
    EXPECT_TRUE(app.state.document.input.tensor.same_as(start));
}

TEST(App, AnEditThatChangesNothingIsNoStep) {
    App app(standard_document());
    edit(app, app.state.document);
    set_value(app, input_ref(0, 0), app.state.document.input.tensor.at({0, 0, 0, 0}), "");
    edit(app, with_stride(app, 2));
    EXPECT_FALSE(app.state.history.can_undo());
}

TEST(App, ARefOutsideIsLeftAlone) {
    App app(standard_document());
    for (const Ref ref : {input_ref(7, 0), input_ref(-1, 0), Ref{Source::weight, 4, {}}, Ref{Source::weight, -1, {}},
                          Ref{Source::stage, 0, {}}, Ref{Source::weight, 0, {1, 0, 0, 0}}}) {
        set_value(app, ref, 3, "");
        fill_plane(app, ref, "zeros");
        EXPECT_EQ(document_value(app, ref), std::nullopt);
    }
    EXPECT_EQ(value_at(app, input_ref(99, 99)), 0);
    EXPECT_FALSE(app.state.history.can_undo());
}

TEST(App, AnImpossibleLayerKeepsTheLastPicture) {
    App app(standard_document());
    const auto picture = app.state.result;
    edit(app, with_kernel_size(app, 12));
    ASSERT_TRUE(app.state.problem);
    EXPECT_EQ(app.state.problem_layer, 0);
    EXPECT_EQ(app.state.result, picture);
    EXPECT_TRUE(is_stale(app.state));
    EXPECT_TRUE(is_greyed(app.state));
    const ViewInput in = view_input(app, {748, 580}, 1);
    EXPECT_TRUE(in.stale);
    EXPECT_EQ(in.stale_reason, app.state.problem->sentence);
    build_scene(app, {748, 580}, 1);
    undo(app);
    EXPECT_FALSE(app.state.problem);
    EXPECT_FALSE(is_stale(app.state));
}

TEST(App, AnImpossibleNumberTypedDigitByDigitKeepsThePictureBeforeIt) {
    App app(standard_document());
    const int64_t step = app.state.play.step;
    edit(app, with_kernel_size(app, 1), "type kernel_size");
    EXPECT_EQ(output(app).shape(), (Shape{1, 1, 5, 5}));
    edit(app, with_kernel_size(app, 11), "type kernel_size");
    ASSERT_TRUE(app.state.problem);
    EXPECT_EQ(output(app).shape(), (Shape{1, 1, 4, 4}));
    EXPECT_EQ(app.timeline.steps(), 144);
    EXPECT_EQ(app.timeline.at(app.state.play.step).window, app.timeline.at(step).window);
    end_gesture(app);
    undo(app);
    EXPECT_FALSE(app.state.problem);
    EXPECT_EQ(output(app).shape(), (Shape{1, 1, 4, 4}));
}

TEST(App, ADocumentThatIsImpossibleFromTheStart) {
    App app(with_param(standard_document(), 0, "kernel_size", both(12)));
    EXPECT_TRUE(app.state.problem);
    EXPECT_EQ(app.state.result, nullptr);
    const Scene scene = build_scene(app, {748, 580}, 1);
    EXPECT_NE(scene.caption.text().find("12×12"), std::string::npos) << scene.caption.text();
    EXPECT_EQ(ledger(app), std::nullopt);
    step(app, 1);
    set_playing(app, true);
    update(app, 1);
    EXPECT_EQ(app.state.play.step, 0);
    edit(app, with_kernel_size(app, 3));
    EXPECT_TRUE(app.state.result);
    EXPECT_GT(app.state.play.step, 0);
}

TEST(App, LargeDocumentsAreComputedOnTheWorker) {
    Document large = with_input_shape(standard_document(), {1, 1, 1200, 1200});
    large = with_param(large, 0, "kernel_size", both(15));       // about 80 million multiply-adds
    App app(standard_document());
    const auto before = app.state.result;
    edit(app, large);
    EXPECT_FALSE(settled(app));
    EXPECT_EQ(app.state.result, before);
    EXPECT_FALSE(is_greyed(app.state));                          // not at once
    EXPECT_LT(seconds_to_next_change(app), 1);
    wait_until_settled(app);
    EXPECT_TRUE(settled(app));
    EXPECT_FALSE(is_stale(app.state));
    EXPECT_EQ(output(app).shape().h, (1200 + 2 - 15) / 2 + 1);
    // A newer edit wins over the one under way.
    edit(app, with_param(large, 0, "stride", both(3)));
    edit(app, with_param(large, 0, "stride", both(1)));
    wait_until_settled(app);
    EXPECT_EQ(output(app).shape().h, 1200 + 2 - 15 + 1);
    edit(app, with_param(large, 0, "stride", both(3)), "drag");
    edit(app, with_param(large, 0, "stride", both(2)), "drag");
    EXPECT_TRUE(app.next_waits);                                 // the picture follows a drag
    wait_until_settled(app);
    EXPECT_FALSE(is_stale(app.state));
}

// ---- Files

struct Files : OwnFolder {
    Files() : OwnFolder("app_test_files") {}
    /// Red left, blue right.
    std::string photo(int width, int height) const {
        std::vector<unsigned char> rgba;
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x) {
                const unsigned char left = x < width / 2 ? 255 : 0;
                rgba.insert(rgba.end(), {left, 0, static_cast<unsigned char>(255 - left), 255});
            }
        return write("photo.png", encode_png(width, height, rgba));
    }
};

TEST(AppFiles, BadFilesLeaveTheDocument) {
    const Files files;
    App app(standard_document());
    const Document before = app.state.document;
    for (const std::string& path :
         {files.file("missing.png"), files.write("empty.png", ""), files.write("noise.png", "not an image at all"),
          files.write("broken.json", "{\"input\": "), files.write("other.json", "{\"a\": 1}"), files.path.string(),
          files.write("cut.npy", std::string("\x93NUMPY\x01\x00", 8)), files.write("words.csv", "a,b\nc,d\n")}) {
        app.state.messages.clear();
        EXPECT_FALSE(open_file(app, path)) << path;
        EXPECT_TRUE(app.state.document == before) << path;
        ASSERT_EQ(app.state.messages.size(), 1u) << path;
        EXPECT_TRUE(app.state.messages[0].error) << path;
        EXPECT_FALSE(app.state.messages[0].text.empty()) << path;
    }
    EXPECT_TRUE(app.state.settings.recent.empty());
    EXPECT_FALSE(app.state.history.can_undo());
}

TEST(AppFiles, APhotoOpensBehindTheClassicFilters) {
    const Files files;
    App app(standard_document());
    ASSERT_TRUE(open_file(app, files.photo(64, 48)));
    wait_until_settled(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, 48, 64}));
    EXPECT_EQ(output(app).shape(), (Shape{1, 8, 48, 64}));
    EXPECT_EQ(chosen_view(app).id, "maps");
    EXPECT_EQ(app.timeline.at(app.state.play.step).cell.c, 0);
    EXPECT_EQ(app.state.play.unit, Unit::map);
    EXPECT_EQ(app.state.settings.recent, std::vector<std::string>{files.file("photo.png")});
    EXPECT_EQ(app.state.history.undo_label(), "Undo open photo.png");
    EXPECT_FALSE(keeps_layers(app.state));                       // another photo comes behind the same filters
    undo(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 1, 7, 7}));
    EXPECT_EQ(chosen_view(app).id, "slide");
}

TEST(AppFiles, APhotoComesInFrontOfAnEditedKernel) {
    const Files files;
    App app(standard_document());
    set_value(app, {Source::weight, 0, {0, 0, 1, 1}}, 9, "");
    const Tensor kernel = app.state.document.layers[0].weights[0];
    ASSERT_TRUE(open_file(app, files.photo(64, 48)));
    wait_until_settled(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 1, 48, 64}));   // in grey
    EXPECT_TRUE(app.state.document.layers[0].weights[0].same_as(kernel));
    // 0.299 of red.
    EXPECT_NEAR(app.state.document.input.tensor.at({0, 0, 0, 0}), 0.299, 1e-3);
}

TEST(AppFiles, ADocumentComesBack) {
    const Files files;
    App app(preset("Transposed 2×2, separate stamps"));
    ASSERT_TRUE(save_file(app, files.file("d.json")));
    EXPECT_EQ(app.state.file, files.file("d.json"));
    App other(standard_document());
    ASSERT_TRUE(open_file(other, files.file("d.json")));
    EXPECT_EQ(other.state.file, files.file("d.json"));
    EXPECT_FALSE(is_changed(other.state));
    EXPECT_EQ(chosen_view(other).id, "scatter");
    ASSERT_EQ(output(other).shape(), output(app).shape());
    EXPECT_TRUE(std::equal(output(app).values().begin(), output(app).values().end(), output(other).values().begin()));
    EXPECT_FALSE(save_file(app, files.file("no/such/folder/d.json")));
    EXPECT_TRUE(app.state.messages.back().error);
}

TEST(AppFiles, AnImageWithoutAFileIsSavedAsNumbers) {
    const Files files;
    App app(standard_document());
    show_image(app, {Tensor({1, 1, 6, 6}, 0.5f), FromImage{"Still life", false, 0, ""}}, "Still life");
    ASSERT_TRUE(save_file(app, files.file("d.json")));
    App other(standard_document());
    EXPECT_TRUE(open_file(other, files.file("d.json"))) << other.state.messages.back().text;
}

TEST(AppMessages, AreFewAndGo) {
    App app(standard_document());
    for (int i = 0; i < 200; ++i) say(app, std::to_string(i));
    EXPECT_EQ(app.state.messages.size(), 50u);
    say(app, "bad", true);
    say(app, "bad", true);
    EXPECT_EQ(app.state.messages.size(), 50u);
    update(app, kMessageSeconds + 0.1);
    ASSERT_EQ(app.state.messages.size(), 1u);
    EXPECT_EQ(app.state.messages[0].text, "bad");
    edit(app, app.state.document);                        // nothing changed: it stays
    EXPECT_EQ(app.state.messages.size(), 1u);
    edit(app, with_stride(app, 1));                       // the person went on
    EXPECT_TRUE(app.state.messages.empty());
}

TEST(App, APictureThatStaysIsToldLayerByLayerAsItIs) {
    // A small layer before a large one, and the head at the end of the large one.
    Document document;
    document.input = generated_input("integers 0–9", 1, {1, 1, 8, 8});
    document.layers.push_back(make_layer(*find_op("max_pool2d"), {1, 1, 8, 8}));
    document.layers.push_back(make_layer(*find_op("upsample"), {1, 1, 4, 4}));
    fit_weights(document);
    Document heavy;
    heavy.input = generated_input("integers 0–9", 1, {1, 1, 900, 900});
    heavy.layers.push_back(make_layer(*find_op("conv2d"), {1, 1, 900, 900}));
    heavy = with_param(heavy, 0, "kernel_size", Pair{11, 11});
    ASSERT_GT(work(heavy), 2e7);   // computed aside, the picture stays meanwhile
    Document impossible = with_param(heavy, 0, "stride", Pair{0, 1});
    for (const Document& next : {heavy, impossible}) {
        App app(document);
        wait_until_settled(app);
        choose_layer(app, 1);
        choose_view(app, "slide");
        go_to_step(app, app.timeline.steps() - 1);
        show_document(app, next, "next");
        ASSERT_TRUE(is_stale(app.state));
        const Plan& shown = app.state.result->layers[static_cast<size_t>(shown_layer(app))].plan;
        EXPECT_EQ(app.timeline.cells(), shown.stages[static_cast<size_t>(shown.output)].shape);
        if (HasFailure()) return;
        EXPECT_FALSE(build_scene(app, {1280, 800}, 1).grids.empty());
    }
}

}  // namespace
}  // namespace convscope
