// The window without a screen: fonts and style as the tokens say, items found by label, input through ImGui's queue.
#include <gtest/gtest.h>

#include <imgui.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "app/scene/fonts.h"
#include "app/window/headless.h"
#include "core/io/image.h"

namespace convscope {
namespace {

class WindowTest : public testing::Test {
protected:
    void SetUp() override {
        WindowOptions options;
        options.records_items = true;
        options.width_px = 2000;
        options.height_px = 1240;
        std::string error;
        window_ = HeadlessWindow::make(options, error);
        if (!window_) GTEST_SKIP() << error;
    }
    // One frame with a panel like the real ones.
    void frame() {
        window_->begin_frame();
        ImGui::SetNextWindowPos({0, 0});
        ImGui::SetNextWindowSize({300, 200});
        ImGui::Begin("Parameters", nullptr, ImGuiWindowFlags_NoDecoration);
        ImGui::InputInt("##stride", &stride_);
        ImGui::Checkbox("bias", &bias_);
        if (ImGui::Button("Random/weights##here")) ++clicks_;
        ImGui::BeginChild("fields", {100, 40});
        ImGui::Button("inner");
        ImGui::Dummy({10, 200});
        ImGui::Button("far below");
        ImGui::EndChild();
        ImGui::InputText("name", text_, sizeof text_);
        ImGui::End();
        ImGui::SetNextWindowPos({320, 0});
        ImGui::Begin("Other##7", nullptr, ImGuiWindowFlags_NoDecoration);
        ImGui::BeginDisabled();
        ImGui::Button("bias");
        ImGui::EndDisabled();
        ImGui::End();
        window_->end_frame();
    }
    void click(std::string_view path) {
        const UiItem* item = window_->items().find(path);
        ASSERT_NE(item, nullptr) << path;
        const Point at = item->box.center();
        ImGuiIO& io = ImGui::GetIO();
        io.AddMousePosEvent(at.x, at.y);
        io.AddMouseButtonEvent(0, true);
        io.AddMouseButtonEvent(0, false);
        for (int i = 0; i < 4; ++i) frame();
    }

    std::unique_ptr<HeadlessWindow> window_;
    int stride_ = 1, clicks_ = 0;
    bool bias_ = false;
    char text_[64] = "";
};

TEST_F(WindowTest, ItemsAreFoundByPanelAndLabel) {
    frame();
    ItemRecorder& items = window_->items();
    ASSERT_NE(items.find("Parameters/stride"), nullptr);
    ASSERT_NE(items.find("Parameters/Random/weights"), nullptr);
    ASSERT_NE(items.find("Parameters/inner"), nullptr);
    ASSERT_NE(items.find("fields/inner"), nullptr);
    EXPECT_EQ(items.find("Parameters/inner"), items.find("fields/inner"));
    EXPECT_EQ(items.find("Other/inner"), nullptr);
    EXPECT_EQ(items.find("Parameters/strid"), nullptr);
    EXPECT_EQ(items.find("arameters/stride"), nullptr);
    EXPECT_FALSE(items.find("Parameters/bias")->disabled);
    EXPECT_TRUE(items.find("Other/bias")->disabled);
    EXPECT_TRUE(items.find("fields/inner")->visible());
    ASSERT_NE(items.find("fields/far below"), nullptr);
    EXPECT_FALSE(items.find("fields/far below")->visible());
    const std::vector<std::string> paths = items.paths();
    const std::vector<std::string> expected = {"Other/bias", "Parameters/+", "Parameters/-", "Parameters/Random/weights",
                                               "Parameters/bias", "Parameters/inner", "Parameters/name",
                                               "Parameters/stride"};
    EXPECT_EQ(paths, expected);
    frame();  // scrollbars are there from the second frame on
    const size_t count = items.items().size();
    frame();
    EXPECT_EQ(items.paths(), expected);
    EXPECT_EQ(items.items().size(), count);  // each frame anew
}

TEST_F(WindowTest, ClicksAndTypingArrive) {
    frame();
    click("Parameters/Random/weights");
    EXPECT_EQ(clicks_, 1);
    click("Parameters/bias");
    EXPECT_TRUE(bias_);
    click("Parameters/+");
    EXPECT_EQ(stride_, 2);
    click("Parameters/name");
    ImGui::GetIO().AddInputCharactersUTF8("Größe");
    frame();
    EXPECT_STREQ(text_, "Größe");
    window_->on_input = [] { ImGui::GetIO().AddInputCharactersUTF8("!"); };
    frame();
    EXPECT_STREQ(text_, "Größe!");
}

TEST_F(WindowTest, FontsHaveTheTokensSizes) {
    frame();
    const UiFonts& fonts = window_->fonts();
    const auto expect = [](const ImFont* font, Font face, float em, const char* name) {
        ASSERT_NE(font, nullptr) << name;
        EXPECT_NEAR(em_px(font), em, 0.01) << name;
        // A string is as wide as the font file says.
        const char* text = "Window 8 of 16";
        const float width = const_cast<ImFont*>(font)->CalcTextSizeA(font->FontSize, 1e6f, 0, text).x;
        EXPECT_NEAR(width, text_width(face, em, text), 1.0) << name;
        EXPECT_EQ(font->FontSize, std::round(em * line_height_factor(face))) << name;
    };
    expect(fonts.body, Font::inter, 13.5f, "body");
    expect(fonts.body_bold, Font::semibold, 13.5f, "body_bold");
    expect(fonts.small, Font::inter, 12, "small");
    expect(fonts.section, Font::semibold, 13, "section");
    expect(fonts.label, Font::semibold, 14, "label");
    expect(fonts.reading, Font::inter, 15, "reading");
    expect(fonts.caption, Font::inter, 20, "caption");
    expect(fonts.title, Font::semibold, 24, "title");
    expect(fonts.mono, Font::mono, 13.5f, "mono");
    expect(fonts.mono_bold, Font::mono_bold, 13.5f, "mono_bold");
    expect(fonts.mono_small, Font::mono, 12, "mono_small");
    expect(fonts.mono_index, Font::mono, 10.5f, "mono_index");
    expect(fonts.total, Font::mono_bold, 16, "total");
    expect(fonts.figure, Font::mono_bold, 34, "figure");
    EXPECT_NEAR(cap_center_px(fonts.body), 0.605 * 13.5, 1.0);
    EXPECT_NEAR(cap_center_px(fonts.mono), 0.655 * 13.5, 1.0);
    for (const char* text : icon::kAll) {
        std::string_view rest = text;
        const auto character = static_cast<ImWchar>(next_char(rest));
        for (const ImFont* font : {fonts.body, fonts.icons, fonts.icons_small, fonts.icons_large})
            EXPECT_NE(const_cast<ImFont*>(font)->FindGlyphNoFallback(character), nullptr) << std::hex << character;
    }
    for (const char32_t character : U"×−∞→≤⌀éč")
        if (character && face_with(Font::inter, character) == Font::inter && character != U'⌀')
            EXPECT_NE(fonts.body->FindGlyphNoFallback(static_cast<ImWchar>(character)), nullptr) << std::hex << static_cast<int>(character);
}

TEST_F(WindowTest, TheLookChangesBetweenFrames) {
    frame();
    const auto byte = [](float v) { return std::lround(v * 255); };
    EXPECT_EQ(byte(ImGui::GetStyle().Colors[ImGuiCol_WindowBg].x), 0xF7);
    EXPECT_EQ(ImGui::GetStyle().FramePadding.x, 10);
    EXPECT_EQ(ImGui::GetStyle().WindowPadding.x, 20);
    EXPECT_EQ(ImGui::GetStyle().PopupRounding, 12);
    window_->set_look(Theme::dark, 2);
    EXPECT_EQ(window_->theme(), Theme::light);
    frame();
    EXPECT_EQ(window_->theme(), Theme::dark);
    EXPECT_EQ(window_->scale(), 2);
    EXPECT_EQ(byte(ImGui::GetStyle().Colors[ImGuiCol_WindowBg].x), 0x1B);
    EXPECT_EQ(ImGui::GetStyle().FramePadding.x, 20);
    EXPECT_NEAR(em_px(window_->fonts().body), 27, 0.01);
    EXPECT_NEAR(em_px(window_->fonts().figure), 68, 0.01);
    const Pixels picture = window_->picture();
    EXPECT_EQ(picture.rgba[0], 0x1B);
}

TEST_F(WindowTest, PicturesShowTheFrame) {
    frame();
    const Pixels picture = window_->picture();
    ASSERT_EQ(picture.width_px, 2000);
    ASSERT_EQ(picture.height_px, 1240);
    // Panel ground at the corners, words in ink inside.
    const auto at = [&](int x, int y) { return picture.rgba[static_cast<size_t>((y * 2000 + x) * 4)]; };
    EXPECT_EQ(at(0, 0), 0xF7);
    EXPECT_EQ(at(639, 399), 0xF7);
    const Box label = window_->items().find("Parameters/Random/weights")->box;
    int darkest = 255;
    for (int y = static_cast<int>(label.y); y < static_cast<int>(label.bottom()); ++y)
        for (int x = static_cast<int>(label.x); x < static_cast<int>(label.right()); ++x) darkest = std::min<int>(darkest, at(x, y));
    EXPECT_LT(darkest, 0x40);
    const std::string file = testing::TempDir() + "window_test.png";
    EXPECT_EQ(window_->save_picture(file), "");
    const ImageResult read = load_image(file);
    EXPECT_EQ(read.tensor.shape(), (Shape{1, 3, 1240, 2000})) << read.error;
    EXPECT_NE(window_->save_picture("no such folder/x.png"), "");
    window_->resize(300, 200);
    frame();
    EXPECT_EQ(window_->picture().width_px, 300);
}

TEST_F(WindowTest, ClockClipboardAndDropsWork) {
    const double before_s = window_->time_s();
    frame();
    frame();
    EXPECT_NEAR(window_->time_s() - before_s, 2 / 60.0, 1e-9);
    EXPECT_NEAR(ImGui::GetIO().DeltaTime, 1 / 60.0, 1e-6);
    ImGui::SetClipboardText("1 2\n3 4");
    EXPECT_EQ(window_->clipboard(), "1 2\n3 4");
    window_->set_clipboard("x");
    EXPECT_STREQ(ImGui::GetClipboardText(), "x");
    window_->drop("photo.jpg");
    EXPECT_EQ(window_->take_dropped(), std::vector<std::string>{"photo.jpg"});
    EXPECT_TRUE(window_->take_dropped().empty());
}

TEST(Window, ScaleStaysWithinWhatTheWindowHasRoomFor) {
    EXPECT_EQ(fitting_scale(1, 1, 1280, 800), 1);
    EXPECT_EQ(fitting_scale(0.75f, 1, 3840, 2160), 0.75f);
    EXPECT_EQ(fitting_scale(3, 1, 3840, 2160), 3);
    EXPECT_EQ(fitting_scale(3, 1, 1024, 640), 1);
    EXPECT_EQ(fitting_scale(2, 1, 1280, 800), 1.25f);    // 1280 / 1000 = 1.28, 800 / 620 = 1.29, in sixteenths
    EXPECT_EQ(fitting_scale(1, 2, 2560, 1600), 2);       // a screen of 200 %
    EXPECT_EQ(fitting_scale(2, 2, 2560, 1600), 2.5f);
    EXPECT_EQ(fitting_scale(1, 1, 320, 200), 0.75f);     // smaller text could not be read
    EXPECT_EQ(fitting_scale(1, 2, 320, 200), 1.5f);
    EXPECT_EQ(fitting_scale(9, 1, 20000, 20000), 4);
}

TEST_F(WindowTest, AScaleThatDoesNotFitTakesWhatDoes) {
    window_->resize(1024, 640);
    window_->set_look(Theme::light, 3);
    window_->begin_frame();
    window_->end_frame();
    EXPECT_EQ(window_->scale(), 1);
    EXPECT_EQ(window_->largest_interface_scale(), 1);
    window_->resize(3840, 2160);
    window_->begin_frame();
    window_->end_frame();
    EXPECT_EQ(window_->scale(), 3);
}

TEST(Window, AnotherCanBeOpenedAfterTheFirst) {
    std::string error;
    for (int i = 0; i < 2; ++i) {
        const auto window = HeadlessWindow::make({}, error);
        if (!window) GTEST_SKIP() << error;
        window->begin_frame();
        ImGui::Begin("x");
        ImGui::End();
        window->end_frame();
        EXPECT_EQ(window->width_px(), 1280);
    }
}

}  // namespace
}  // namespace convscope
