// Large photographs, read aside: small first, then whole; stopping, edits meanwhile, and the memory budget.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "app/app.h"
#include "app/commands.h"
#include "app/sample_images.h"
#include "core/build_layer.h"
#include "core/io/image.h"
#include "tests/own_folder.h"

namespace convscope {
namespace {

namespace fs = std::filesystem;

constexpr int kWidth = 1400, kHeight = 400;

class Loading : public testing::Test {
protected:
    /// Noise, so that the file is large.
    std::string photo(const std::string& name = "photo.png", unsigned seed = 1) const {
        std::mt19937 random(seed);
        std::vector<unsigned char> rgba(size_t(4) * kWidth * kHeight, 255);
        for (size_t i = 0; i < rgba.size(); ++i)
            if (i % 4 != 3) rgba[i] = static_cast<unsigned char>(random());
        return folder_.write(name, encode_png(kWidth, kHeight, rgba));
    }
    /// Goes on until the small photograph is shown.
    static void take_small(App& app) {
        app.loader.wait();
        update(app, 0);
        ASSERT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, 293, 1024}));
    }

    OwnFolder folder_{"loading_test_files"};
};

const Tensor& output(const App& app) { return app.state.result->layers.back().output(); }

Document slow_document() {
    Document slow = with_input_shape(standard_document(), {1, 1, 3000, 3000});
    slow = with_param(slow, 0, "kernel_size", Pair{31, 31});
    return with_param(slow, 0, "stride", Pair{1, 1});
}

TEST_F(Loading, APhotographComesSmallAndThenWhole) {
    App app(standard_document());
    const Document before = app.state.document;
    const std::string path = photo();
    ASSERT_TRUE(open_file(app, path));
    EXPECT_EQ(app.state.loading, path);
    EXPECT_FALSE(settled(app));
    EXPECT_TRUE(app.state.document == before);
    take_small(app);
    EXPECT_EQ(app.state.loading, path);
    EXPECT_EQ(app.state.settings.recent, std::vector<std::string>{path});
    wait_until_settled(app);
    EXPECT_TRUE(app.state.loading.empty());
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, kHeight, kWidth}));
    EXPECT_EQ(output(app).shape(), (Shape{1, 8, kHeight, kWidth}));
    EXPECT_EQ(std::get<FromImage>(app.state.document.input.origin).max_side, 0);
    EXPECT_EQ(app.state.messages.back().text, "photo.png: 1400×400 RGB, divided by 255.");
    // The pixels are those of the file, read by the ordinary way.
    const ImageResult whole = load_image(path);
    EXPECT_TRUE(std::ranges::equal(whole.tensor.values(), app.state.document.input.tensor.values()));
    // All of it is one step.
    EXPECT_EQ(app.state.history.entries().size(), 2u);
    EXPECT_FALSE(is_changed(app.state));
    EXPECT_EQ(app.state.play.step, opening_step(app));
    undo(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 1, 7, 7}));
    redo(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, kHeight, kWidth}));
}

TEST_F(Loading, WhatIsEditedMeanwhileIsKept) {
    App app(standard_document());
    ASSERT_TRUE(open_file(app, photo()));
    take_small(app);
    wait_until_settled(app);  // now whole
    ASSERT_TRUE(open_file(app, photo("other.png", 2)));
    take_small(app);
    const Ref weight{Source::weight, 0, {3, 0, 3, 3}};
    set_value(app, weight, 5, "");
    wait_until_settled(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, kHeight, kWidth}));
    EXPECT_EQ(document_value(app, weight), 5);
    EXPECT_FALSE(is_stale(app.state));
    EXPECT_EQ(output(app).shape(), (Shape{1, 8, kHeight, kWidth}));
    undo(app);  // before the edit it is whole, too
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, kHeight, kWidth}));
    EXPECT_NE(document_value(app, weight), 5);
}

TEST_F(Loading, CanBeStopped) {
    App app(standard_document());
    const Document before = app.state.document;
    ASSERT_TRUE(open_file(app, photo()));
    stop_computing(app);
    EXPECT_TRUE(settled(app));
    app.loader.wait();
    update(app, 0);
    EXPECT_TRUE(app.state.document == before);
    EXPECT_FALSE(app.state.stopped);  // nothing of the document's was
    ASSERT_TRUE(open_file(app, app.state.settings.recent.empty() ? photo() : ""));
    take_small(app);
    stop_computing(app);
    wait_until_settled(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, 293, 1024}));
}

TEST_F(Loading, CommandsStopAndGoOn) {
    App app(standard_document());
    const Command *stop = find_command("Stop computing"), *again = find_command("Compute again");
    EXPECT_FALSE(is_enabled(*stop, app) || is_enabled(*again, app));
    edit(app, slow_document());
    for (int frame = 0; frame < 2; ++frame) update(app, 10);  // as if it had taken so long; the first has no time yet
    ASSERT_TRUE(is_enabled(*stop, app));
    EXPECT_TRUE(run(*stop, app));
    EXPECT_TRUE(app.state.stopped && settled(app));
    EXPECT_FALSE(is_enabled(*stop, app));
    EXPECT_EQ(output(app).shape(), (Shape{1, 1, 4, 4})) << "the picture of before";
    EXPECT_TRUE(run(*again, app));
    EXPECT_FALSE(app.state.stopped || settled(app));
    stop_computing(app);
}

TEST_F(Loading, AnotherDocumentDropsIt) {
    App app(standard_document());
    ASSERT_TRUE(open_file(app, photo()));
    take_small(app);
    show_document(app, standard_document(), "new");
    wait_until_settled(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 1, 7, 7}));
    ASSERT_TRUE(open_file(app, photo()));
    ASSERT_TRUE(open_file(app, photo("second.png", 2)));
    wait_until_settled(app);
    EXPECT_EQ(std::get<FromImage>(app.state.document.input.origin).path, folder_.file("second.png"));
    // start, photo.png (small, as it was when the new document came), new, second.png.
    EXPECT_EQ(app.state.history.entries().size(), 4u);
}

TEST_F(Loading, UndoFinishesAPhotographThatAnotherReplaced) {
    App app(standard_document());
    ASSERT_TRUE(open_file(app, photo()));
    take_small(app);
    ASSERT_TRUE(open_file(app, photo("second.png", 2)));
    wait_until_settled(app);
    undo(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, 293, 1024}));
    wait_until_settled(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, kHeight, kWidth}));
    EXPECT_EQ(std::get<FromImage>(app.state.document.input.origin).path, folder_.file("photo.png"));
    EXPECT_FALSE(is_stale(app.state));
    // The other one is still whole, and nothing is read twice.
    redo(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, kHeight, kWidth}));
    EXPECT_TRUE(app.state.loading.empty());
    undo(app);
    EXPECT_TRUE(app.state.loading.empty());
}

TEST_F(Loading, UndoWhileTheNextOneIsReadFinishesBoth) {
    App app(standard_document());
    ASSERT_TRUE(open_file(app, photo()));
    take_small(app);
    ASSERT_TRUE(open_file(app, photo("second.png", 2)));
    take_small(app);
    undo(app);  // to the first, while more of the second is made
    wait_until_settled(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, kHeight, kWidth}));
    EXPECT_EQ(std::get<FromImage>(app.state.document.input.origin).path, folder_.file("photo.png"));
    redo(app);
    EXPECT_TRUE(app.state.loading.empty());
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, kHeight, kWidth}));
    EXPECT_EQ(std::get<FromImage>(app.state.document.input.origin).max_side, 0);
}

TEST_F(Loading, AnUndonePhotographBecomesWholeToo) {
    App app(standard_document());
    const Document before = app.state.document;
    ASSERT_TRUE(open_file(app, photo()));
    take_small(app);
    undo(app);
    wait_until_settled(app);
    EXPECT_TRUE(app.state.document == before);
    redo(app);
    EXPECT_TRUE(app.state.loading.empty());
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, kHeight, kWidth}));
}

TEST_F(Loading, AStoppedPhotographSaysThatItIsSmall) {
    App app(standard_document());
    ASSERT_TRUE(open_file(app, photo()));
    take_small(app);
    stop_computing(app);
    EXPECT_EQ(std::get<FromImage>(app.state.document.input.origin).max_side, 1024);
    EXPECT_FALSE(is_changed(app.state));
    undo(app);
    redo(app);
    EXPECT_TRUE(app.state.loading.empty());  // as the person wanted it
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, 293, 1024}));
    // A file that is written now gives the same picture back.
    const ImageResult again = load_image(std::get<FromImage>(app.state.document.input.origin).path, {false, 1024});
    EXPECT_TRUE(std::ranges::equal(again.tensor.values(), app.state.document.input.tensor.values()));
}

TEST_F(Loading, AnotherSizeIsReadAside) {
    App app(standard_document());
    const std::string path = photo();
    ASSERT_TRUE(open_file(app, path));
    wait_until_settled(app);
    const Document whole = app.state.document;
    reread_image(app, {false, 700}, "");
    EXPECT_EQ(app.state.loading, path);
    EXPECT_TRUE(app.state.document == whole);
    wait_until_settled(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 3, 200, 700}));
    EXPECT_EQ(std::get<FromImage>(app.state.document.input.origin).max_side, 700);
    EXPECT_EQ(output(app).shape(), (Shape{1, 8, 200, 700}));
    undo(app);
    EXPECT_TRUE(app.state.document == whole);
    reread_image(app, {true, 0}, "");
    wait_until_settled(app);
    EXPECT_EQ(app.state.document.input.tensor.shape(), (Shape{1, 1, kHeight, kWidth}));
    // Stopped, or overtaken by another input: nothing changes.
    const Document grey = app.state.document;
    reread_image(app, {true, 300}, "");
    stop_computing(app);
    wait_until_settled(app);
    EXPECT_TRUE(app.state.document == grey);
    reread_image(app, {true, 300}, "");
    undo(app);
    const Document undone = app.state.document;
    wait_until_settled(app);
    EXPECT_TRUE(app.state.document == undone);
    // The file is something else by now.
    folder_.write("photo.png", "{" + std::string(400'000, 'x'));
    reread_image(app, {false, 300}, "");
    wait_until_settled(app);
    EXPECT_TRUE(app.state.document == undone);
    EXPECT_EQ(app.state.messages.back().text, "photo.png is no image any more.");
}

TEST_F(Loading, ASamplePictureHasOtherSizesToo) {
    App app(standard_document());
    ASSERT_FALSE(sample_images().empty());
    ASSERT_TRUE(open_sample(app, sample_images().front()));
    wait_until_settled(app);
    reread_image(app, {true, 64}, "");
    wait_until_settled(app);
    const Shape shape = app.state.document.input.tensor.shape();
    EXPECT_EQ(std::max(shape.h, shape.w), 64);
    EXPECT_EQ(shape.c, 1);
    EXPECT_EQ(std::get<FromImage>(app.state.document.input.origin).path, sample_images().front().name);
}

TEST_F(Loading, ALargeFileThatIsBrokenLeavesTheDocument) {
    App app(standard_document());
    const Document before = app.state.document;
    std::string bytes(400'000, 'x');
    ASSERT_TRUE(open_file(app, folder_.write("noise.png", bytes)));
    wait_until_settled(app);
    EXPECT_TRUE(app.state.document == before);
    ASSERT_EQ(app.state.messages.size(), 1u);
    EXPECT_TRUE(app.state.messages[0].error);
    EXPECT_TRUE(app.state.messages[0].text.starts_with("noise.png ")) << app.state.messages[0].text;
    // Another kind of large file goes its own way.
    ASSERT_TRUE(open_file(app, folder_.write("broken.json", "{" + bytes)));
    wait_until_settled(app);
    EXPECT_TRUE(app.state.document == before);
    EXPECT_EQ(app.state.messages.size(), 2u);
}

TEST_F(Loading, FitsTheBudget) {
    // Whole it takes 7 MB for the input and 18 MB for eight maps.
    App app(standard_document(), {.memory_bytes = 18 << 20});
    ASSERT_TRUE(open_file(app, photo()));
    wait_until_settled(app);
    const Shape shape = app.state.document.input.tensor.shape();
    EXPECT_GT(shape.w, 1024);
    EXPECT_LT(shape.w, kWidth);
    EXPECT_FALSE(app.state.problem);
    EXPECT_FALSE(is_stale(app.state));
    EXPECT_EQ(std::get<FromImage>(app.state.document.input.origin).max_side, shape.w);
    EXPECT_NE(app.state.messages.back().text.find("scaled to"), std::string::npos);
}

// ---- Computing

TEST(Computing, StoppedLeavesTheFormerResult) {
    App app(standard_document());
    const auto before = app.state.result;
    edit(app, slow_document());
    ASSERT_TRUE(app.computing);
    update(app, 0.02);
    update(app, 0.4);
    EXPECT_TRUE(is_busy(app));
    EXPECT_TRUE(is_greyed(app.state));
    EXPECT_EQ(view_input(app, {800, 600}, 1).stale_advice, "In grey: the last picture, until the new one is computed.");
    EXPECT_TRUE(progress_told(app).text.starts_with("Computing ")) << progress_told(app).text;
    EXPECT_TRUE(progress_told(app).fraction);
    stop_computing(app);
    EXPECT_TRUE(settled(app));
    EXPECT_FALSE(is_busy(app));
    EXPECT_TRUE(app.state.stopped);
    EXPECT_TRUE(is_greyed(app.state));
    EXPECT_EQ(app.state.result, before);
    EXPECT_NE(view_input(app, {800, 600}, 1).stale_reason.find("stopped"), std::string::npos);
    EXPECT_NE(view_input(app, {800, 600}, 1).stale_advice.find("Ctrl+R computes the new one"), std::string::npos);
    app.evaluator.wait();
    update(app, 0.1);
    EXPECT_EQ(app.state.result, before);
    // Taking the edit back needs no computing.
    undo(app);
    EXPECT_FALSE(app.state.stopped);
    EXPECT_FALSE(is_greyed(app.state));
    // Anything stopped can be computed after all.
    const Document large = with_param(with_input_shape(standard_document(), {1, 1, 1200, 1200}), 0, "kernel_size", Pair{15, 15});
    edit(app, large);
    stop_computing(app);
    EXPECT_TRUE(app.state.stopped);
    compute_again(app);
    EXPECT_FALSE(app.state.stopped);
    wait_until_settled(app);
    EXPECT_FALSE(is_stale(app.state));
}

TEST(Computing, AnEditMeanwhileEndsWithTheNewest) {
    App app(standard_document());
    edit(app, slow_document());
    update(app, 0.1);
    Document newest = with_param(with_input_shape(standard_document(), {1, 1, 1300, 1300}), 0, "kernel_size", Pair{15, 15});
    edit(app, with_param(newest, 0, "stride", Pair{3, 3}));
    edit(app, newest);
    wait_until_settled(app);
    EXPECT_FALSE(is_stale(app.state));
    EXPECT_TRUE(app.state.result->document == newest);
    // Also after a stop.
    edit(app, slow_document());
    stop_computing(app);
    newest = with_param(newest, 0, "stride", Pair{4, 4});
    edit(app, newest);
    EXPECT_FALSE(app.state.stopped);
    wait_until_settled(app);
    EXPECT_TRUE(app.state.result->document == newest);
}

// ---- The budget

TEST(Memory, WhatDoesNotFitIsSaidInNumbers) {
    // 4 MB of input and 12 MB of output.
    Document document = standard_document();
    document.input = generated_input("uniform", 1, {1, 1, 1024, 1024});
    document.layers.clear();
    add_layer(document, "conv2d", {{"in_channels", int64_t(1)}, {"out_channels", int64_t(3)}, {"kernel_size", Pair{1, 1}}, {"bias", false}});
    const int64_t bytes = int64_t(16) << 20;
    EXPECT_EQ(needed_bytes(document), bytes);
    EXPECT_FALSE(evaluate(document, {.most_bytes = bytes})->problem);
    const auto refused = evaluate(document, {.most_bytes = bytes - (1 << 20)});
    ASSERT_TRUE(refused->problem);
    EXPECT_EQ(refused->problem->sentence, "Computing this takes 16 MB of memory; the budget is 15 MB.");
    EXPECT_EQ(refused->problem->advice,
              "Choose a smaller input or fewer channels, or start with --memory 1G.");
    EXPECT_EQ(refused->problem_layer, 0);
    // 64 maps of a 4K picture in colours are no matter of principle, only of memory.
    Document wide = standard_document();
    wide.input = generated_input("zeros", 1, {1, 3, 2160, 3840});
    wide.layers.clear();
    add_layer(wide, "conv2d", {{"in_channels", int64_t(3)}, {"out_channels", int64_t(64)}, {"kernel_size", Pair{3, 3}}, {"padding", Padding{}}});
    ASSERT_FALSE(plan_only(wide).problem);
    const auto too_little = evaluate(wide, {.most_bytes = int64_t(1) << 30});
    ASSERT_TRUE(too_little->problem);
    EXPECT_EQ(too_little->problem->sentence, "Computing this takes 2.1 GB of memory; the budget is 1.0 GB.");
    EXPECT_EQ(too_little->problem->advice,
              "Choose a smaller input or fewer channels, or start with --memory 3G.");
    // The gradients come on top.
    EXPECT_TRUE(evaluate(document, {.backward = true, .most_bytes = bytes})->problem);
}

TEST(Memory, WhatOnlySomeViewsShowIsLeftOutFirst) {
    Document document = standard_document();
    document.input = generated_input("uniform", 1, {1, 4, 256, 256});
    document.layers.clear();
    add_layer(document, "batch_norm2d", {{"num_features", int64_t(4)}});
    const int64_t needed = needed_bytes(document);
    const auto all = evaluate(document, {.most_bytes = 2 * needed});
    const auto some = evaluate(document, {.most_bytes = needed});
    ASSERT_FALSE(some->problem);
    const auto centred = static_cast<size_t>(some->layers[0].plan.stage("centred"));
    EXPECT_FALSE(all->layers[0].stages[centred].empty());
    EXPECT_TRUE(some->layers[0].stages[centred].empty());
    EXPECT_TRUE(std::ranges::equal(all->layers[0].output().values(), some->layers[0].output().values()));
}

TEST(Memory, TheBudgetIsTheApps) {
    App app(standard_document(), {.memory_bytes = 20 << 20});
    const auto before = app.state.result;
    edit(app, with_input_shape(standard_document(), {1, 1, 2400, 2400}));
    wait_until_settled(app);
    ASSERT_TRUE(app.state.problem);
    EXPECT_NE(app.state.problem->sentence.find("the budget is 20 MB"), std::string::npos) << app.state.problem->sentence;
    EXPECT_EQ(app.state.result, before);
    edit(app, with_input_shape(standard_document(), {1, 1, 1200, 1200}));
    wait_until_settled(app);
    EXPECT_FALSE(app.state.problem);
}

}  // namespace
}  // namespace convscope
