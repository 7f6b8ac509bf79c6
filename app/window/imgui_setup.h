// Dear ImGui as Convscope wears it: context, fonts, style and colours from the tokens, drawing, recorder of items.
#pragma once

#include <cstdint>
#include <optional>

#include "app/paint/ui_renderer.h"
#include "app/scene/palettes.h"
#include "app/window/test_hooks.h"
#include "app/window/ui_fonts.h"

struct ImFontAtlas;
struct ImGuiContext;
struct ImGuiStyle;

namespace convscope {

/// Builds the atlas with all faces and sizes, rasterised for `scale` (device pixels a style pixel).
UiFonts build_fonts(ImFontAtlas& atlas, float scale);
/// Every metric of style tokens' section 11 times `scale`, and every colour.
void set_style(ImGuiStyle& style, Theme theme, float scale);

/// The one ImGui context, from construction to destruction. Needs a current OpenGL context for its whole life.
class Ui {
public:
    Ui(Theme theme, float scale, bool records_items);
    ~Ui();
    Ui(const Ui&) = delete;
    Ui& operator=(const Ui&) = delete;

    /// From the next begin_frame on.
    void set_look(Theme theme, float scale);
    Theme theme() const { return theme_; }
    Theme next_theme() const { return next_theme_; }
    float scale() const { return scale_; }
    const UiFonts& fonts() const { return fonts_; }
    ItemRecorder& items() { return items_; }

    void begin_frame(int width_px, int height_px, float dt_s);
    /// Ends ImGui's frame; draw() may follow any number of times.
    void end_frame();
    void draw();
    /// The same into a Target that draw_changes drew into before: what differs, or was spoilt.
    void draw_changes();
    /// Copies that Target onto the window.
    void show(const Target& target) { renderer_.show(target); }
    int64_t painted_px() const { return renderer_.painted_px(); }
    /// All of that Target, or what the canvas's picture shows in it, must be drawn anew.
    void spoil(bool all, const Repaint& canvas);
    /// A number that is another one when draw() would draw something else, but for what textures hold.
    uint64_t look() const;

    /// Input waits in ImGui's queue, or was handled less than three frames ago.
    bool wants_frames() const;
    /// Input that ImGui has not handled yet.
    bool has_input() const;
    /// Input came.
    void note_input() { frames_wanted_ = kFramesAfterInput; }
    /// Seconds until a tooltip is due, if one is.
    std::optional<double> seconds_to_tooltip() const;

private:
    static constexpr int kFramesAfterInput = 3;

    ImGuiContext* context_ = nullptr;
    UiRenderer renderer_;
    ItemRecorder items_;
    UiFonts fonts_;
    Theme theme_ = Theme::light;
    float scale_ = 0;
    Theme next_theme_ = Theme::light;
    float next_scale_ = 1;
    bool style_is_old_ = true;
    Repaint canvas_;
    int frames_wanted_ = kFramesAfterInput;
};

}  // namespace convscope
