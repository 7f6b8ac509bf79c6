// ImGui's triangles with scissors; one shader.
#include "app/paint/ui_renderer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <imgui.h>

#include "app/paint/gl.h"
#include "app/paint/shader.h"

namespace convscope {

static_assert(sizeof(ImDrawIdx) == 4);

struct UiRenderer::Parts {
    std::string problem;
    GLuint program = 0, vertices = 0, vertex_buffer = 0, index_buffer = 0, fonts = 0;
    GLint origin_px = -1, size_px = -1, flip = -1, coverage = -1;

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
        glDeleteProgram(program);
        glDeleteVertexArrays(1, &vertices);
        glDeleteBuffers(1, &vertex_buffer);
        glDeleteBuffers(1, &index_buffer);
        glDeleteTextures(1, &fonts);
    }

    void use(const ImDrawData& data, bool top_first) const {
        glDisable(GL_DEPTH_TEST);
        glDisable(GL_CULL_FACE);
        glEnable(GL_SCISSOR_TEST);
        glEnable(GL_BLEND);
        glBlendEquation(GL_FUNC_ADD);
        glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
        glUseProgram(program);
        glUniform2f(origin_px, data.DisplayPos.x, data.DisplayPos.y);
        glUniform2f(size_px, data.DisplaySize.x, data.DisplaySize.y);
        glUniform1f(flip, top_first ? 1.0f : -1.0f);
        glActiveTexture(GL_TEXTURE0);
        glBindVertexArray(vertices);
        glBindBuffer(GL_ARRAY_BUFFER, vertex_buffer);
    }
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
}

void UiRenderer::draw(const ImDrawData& data, bool top_first) {
    if (!parts_->program || data.DisplaySize.x <= 0 || data.DisplaySize.y <= 0) return;
    glViewport(0, 0, static_cast<GLsizei>(data.DisplaySize.x),
               static_cast<GLsizei>(data.DisplaySize.y));
    parts_->use(data, top_first);
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
                    parts_->use(data, top_first);
                else
                    command.UserCallback(list, &command);
                continue;
            }
            const float x0 = std::max(command.ClipRect.x - data.DisplayPos.x, 0.0f),
                        y0 = std::max(command.ClipRect.y - data.DisplayPos.y, 0.0f);
            const float x1 = std::min(command.ClipRect.z - data.DisplayPos.x, data.DisplaySize.x);
            const float y1 = std::min(command.ClipRect.w - data.DisplayPos.y, data.DisplaySize.y);
            if (x1 <= x0 || y1 <= y0) continue;
            const auto whole = [](float v) { return static_cast<GLint>(std::lround(v)); };
            glScissor(whole(x0), whole(top_first ? y0 : data.DisplaySize.y - y1),
                      whole(x1) - whole(x0), whole(y1) - whole(y0));
            const auto texture =
                static_cast<GLuint>(reinterpret_cast<intptr_t>(command.GetTexID()));
            glBindTexture(GL_TEXTURE_2D, texture);
            glUniform1i(parts_->coverage, texture == parts_->fonts ? 1 : 0);
            const size_t first = command.IdxOffset * sizeof(ImDrawIdx);
            glDrawElements(GL_TRIANGLES, static_cast<GLsizei>(command.ElemCount), GL_UNSIGNED_INT,
                           reinterpret_cast<const void*>(first));
        }
    }
    glDisable(GL_SCISSOR_TEST);
    glBindVertexArray(0);
    glBindBuffer(GL_ARRAY_BUFFER, 0);
}

}  // namespace convscope
