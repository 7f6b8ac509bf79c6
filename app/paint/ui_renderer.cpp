// ImGui's triangles with scissors; one shader.
#include "app/paint/ui_renderer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include <imgui.h>

#include "app/paint/gl.h"
#include "app/paint/shader.h"
#include "app/paint/ui_damage.h"

namespace convscope {

static_assert(sizeof(ImDrawIdx) == 4);

struct UiRenderer::Parts {
    std::string problem;
    GLuint program = 0, vertices = 0, vertex_buffer = 0, index_buffer = 0, fonts = 0;
    GLint origin_px = -1, size_px = -1, flip = -1, coverage = -1;
    GLuint shown = 0;               // framebuffer to read Targets from
    UiDamage damage;
    bool forgotten = true;
    Color ground;                   // of the last frame
    int64_t painted_px = 0;

    Parts() {
        program = make_program("", "ui", "ui", problem);
        origin_px = glGetUniformLocation(program, "u_origin_px");
        size_px = glGetUniformLocation(program, "u_size_px");
        flip = glGetUniformLocation(program, "u_flip");
        coverage = glGetUniformLocation(program, "u_coverage");
        glGenVertexArrays(1, &vertices);
        glGenBuffers(1, &vertex_buffer);
        glGenBuffers(1, &index_buffer);
        glGenTextures(1, &fonts);
        glBindVertexArray(vertices);
        glBindBuffer(GL_ARRAY_BUFFER, vertex_buffer);
        glBindBuffer(GL_ELEMENT_ARRAY_BUFFER, index_buffer);
        constexpr GLsizei kStride = sizeof(ImDrawVert);
        const auto at = [](size_t offset) { return reinterpret_cast<const void*>(offset); };
        for (GLuint i = 0; i < 3; ++i) glEnableVertexAttribArray(i);
        glVertexAttribPointer(0, 2, GL_FLOAT, GL_FALSE, kStride, at(offsetof(ImDrawVert, pos)));
        glVertexAttribPointer(1, 2, GL_FLOAT, GL_FALSE, kStride, at(offsetof(ImDrawVert, uv)));
        glVertexAttribPointer(2, 4, GL_UNSIGNED_BYTE, GL_TRUE, kStride,
                              at(offsetof(ImDrawVert, col)));
        glBindVertexArray(0);
        glBindBuffer(GL_ARRAY_BUFFER, 0);
    }
    ~Parts() {
        if (shown) glDeleteFramebuffers(1, &shown);
        glDeleteProgram(program);
        glDeleteVertexArrays(1, &vertices);
        glDeleteBuffers(1, &vertex_buffer);
        glDeleteBuffers(1, &index_buffer);
        glDeleteTextures(1, &fonts);
    }

    void use(const ImDrawData& data) const {
        glDisable(GL_DEPTH_TEST);
        glDisable(GL_CULL_FACE);
        glEnable(GL_SCISSOR_TEST);
        glEnable(GL_BLEND);
        glBlendEquation(GL_FUNC_ADD);
        glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
        glUseProgram(program);
        glUniform2f(origin_px, data.DisplayPos.x, data.DisplayPos.y);
        glUniform2f(size_px, data.DisplaySize.x, data.DisplaySize.y);
        glUniform1f(flip, 1);  // a Target's first row is the top one
        glActiveTexture(GL_TEXTURE0);
        glBindVertexArray(vertices);
        glBindBuffer(GL_ARRAY_BUFFER, vertex_buffer);
    }

    /// Into boxes that do not meet: what is under one is blended once.
    void draw(const ImDrawData& data, std::span<const PixelBox> boxes);
    void draw(const ImDrawCmd& command) const;
};

UiRenderer::UiRenderer() : parts_(std::make_unique<Parts>()) {}
UiRenderer::~UiRenderer() = default;

const std::string& UiRenderer::problem() const { return parts_->problem; }

void UiRenderer::set_fonts(ImFontAtlas& fonts) {
    unsigned char* texels = nullptr;
    int width = 0, height = 0;
    fonts.GetTexDataAsAlpha8(&texels, &width, &height);
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, parts_->fonts);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_R8, width, height, 0, GL_RED, GL_UNSIGNED_BYTE, texels);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
    fonts.SetTexID(reinterpret_cast<ImTextureID>(static_cast<intptr_t>(parts_->fonts)));
    fonts.ClearTexData();
    forget();
}

void UiRenderer::draw(const ImDrawData& data, Color ground) {
    clear_pixels(ground);
    const PixelBox all{0, 0, static_cast<int>(data.DisplaySize.x), static_cast<int>(data.DisplaySize.y)};
    parts_->draw(data, std::span(&all, 1));
}

void UiRenderer::draw_changes(const ImDrawData& data, Color ground, const Repaint& canvas) {
    const auto fonts = reinterpret_cast<ImTextureID>(static_cast<intptr_t>(parts_->fonts));
    const auto boxes = parts_->damage.next(data, fonts, canvas);
    if (!boxes || parts_->forgotten || !(ground == parts_->ground)) {
        draw(data, ground);
        parts_->forgotten = false;
        parts_->ground = ground;
        parts_->painted_px = static_cast<int64_t>(data.DisplaySize.x) * static_cast<int64_t>(data.DisplaySize.y);
        return;
    }
    parts_->painted_px = 0;
    glEnable(GL_SCISSOR_TEST);
    glClearColor(ground.r, ground.g, ground.b, 1);
    for (const PixelBox& box : *boxes) {
        glScissor(box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0);
        glClear(GL_COLOR_BUFFER_BIT);
        parts_->painted_px += box.area();
    }
    parts_->draw(data, *boxes);
}

void UiRenderer::forget() { parts_->forgotten = true; }
int64_t UiRenderer::painted_px() const { return parts_->painted_px; }

void UiRenderer::show(const Target& target) {
    if (!parts_->shown) glGenFramebuffers(1, &parts_->shown);
    const int w = target.width_px(), h = target.height_px();
    glDisable(GL_SCISSOR_TEST);
    glBindFramebuffer(GL_READ_FRAMEBUFFER, parts_->shown);
    glFramebufferTexture2D(GL_READ_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, static_cast<GLuint>(target.texture()), 0);
    glBindFramebuffer(GL_DRAW_FRAMEBUFFER, 0);
    // The window's first row is the lowest.
    glBlitFramebuffer(0, 0, w, h, 0, h, w, 0, GL_COLOR_BUFFER_BIT, GL_NEAREST);
    glBindFramebuffer(GL_FRAMEBUFFER, 0);
}

void UiRenderer::Parts::draw(const ImDrawData& data, std::span<const PixelBox> boxes) {
    if (!program || data.DisplaySize.x <= 0 || data.DisplaySize.y <= 0) return;
    glViewport(0, 0, static_cast<GLsizei>(data.DisplaySize.x),
               static_cast<GLsizei>(data.DisplaySize.y));
    use(data);
    for (const ImDrawList* list : data.CmdLists) {
        glBufferData(GL_ARRAY_BUFFER,
                     list->VtxBuffer.Size * static_cast<GLsizeiptr>(sizeof(ImDrawVert)),
                     list->VtxBuffer.Data, GL_STREAM_DRAW);
        glBufferData(GL_ELEMENT_ARRAY_BUFFER,
                     list->IdxBuffer.Size * static_cast<GLsizeiptr>(sizeof(ImDrawIdx)),
                     list->IdxBuffer.Data, GL_STREAM_DRAW);
        for (const ImDrawCmd& command : list->CmdBuffer) {
            if (command.UserCallback) {
                if (command.UserCallback == ImDrawCallback_ResetRenderState)
                    use(data);
                else
                    command.UserCallback(list, &command);
                continue;
            }
            const auto whole = [](float v) { return static_cast<int>(std::lround(v)); };
            const PixelBox clip{whole(std::max(command.ClipRect.x - data.DisplayPos.x, 0.0f)),
                                whole(std::max(command.ClipRect.y - data.DisplayPos.y, 0.0f)),
                                whole(std::min(command.ClipRect.z - data.DisplayPos.x, data.DisplaySize.x)),
                                whole(std::min(command.ClipRect.w - data.DisplayPos.y, data.DisplaySize.y))};
            for (const PixelBox& box : boxes) {
                if (!clip.meets(box)) continue;
                const int x0 = std::max(clip.x0, box.x0), y0 = std::max(clip.y0, box.y0);
                const int x1 = std::min(clip.x1, box.x1), y1 = std::min(clip.y1, box.y1);
                glScissor(x0, y0, x1 - x0, y1 - y0);
                draw(command);
            }
        }
    }
    glDisable(GL_SCISSOR_TEST);
    glBindVertexArray(0);
    glBindBuffer(GL_ARRAY_BUFFER, 0);
}

void UiRenderer::Parts::draw(const ImDrawCmd& command) const {
    const auto texture = static_cast<GLuint>(reinterpret_cast<intptr_t>(command.GetTexID()));
    glBindTexture(GL_TEXTURE_2D, texture);
    glUniform1i(coverage, texture == fonts ? 1 : 0);
    const size_t first = command.IdxOffset * sizeof(ImDrawIdx);
    glDrawElements(GL_TRIANGLES, static_cast<GLsizei>(command.ElemCount), GL_UNSIGNED_INT,
                   reinterpret_cast<const void*>(first));
}

}  // namespace convscope
