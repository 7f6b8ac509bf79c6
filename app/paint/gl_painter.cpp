// One vertex buffer, three programs that read it, a draw call for each stretch of one kind.
#include "app/paint/gl_painter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

#include "app/paint/damage.h"
#include "app/paint/gl.h"
#include "app/paint/picture_textures.h"
#include "app/paint/scene_batch.h"
#include "app/paint/shader.h"

namespace convscope {
namespace {

constexpr const char* kVertexShader = "scene";
constexpr std::array<const char*, 3> kFragmentShaders = {"cell", "glyph",
                                                         "mark"};  // in the order of Shade

const void* offset(size_t bytes) { return reinterpret_cast<const void*>(bytes); }

int whole_px(float px) {
    return std::max(1, static_cast<int>(std::lround(std::clamp(px, 1.0f, 32768.0f))));
}

std::string all_sources(const std::string& folder) {
    std::string all = shader_source(folder, std::string(kVertexShader) + ".vert");
    for (const char* name : kFragmentShaders)
        all += shader_source(folder, std::string(name) + ".frag");
    return all;
}

int largest_texture() {
    GLint largest = 0;
    glGetIntegerv(GL_MAX_TEXTURE_SIZE, &largest);
    return largest;
}

}  // namespace

struct GlPainter::Parts {
    struct Program {
        GLuint name = 0;
        GLint size_px = -1, flip = -1;
    };
    std::string folder, problem, sources;
    std::array<Program, 3> programs;
    GLuint vertices = 0, buffer = 0, glyph_texture = 0;
    GlyphAtlas atlas;
    PictureTextures pictures;
    FindLevels find_levels;
    Batch batch, before;       // of this scene and of the last one
    Batch part;                // what is painted of it
    bool starts_anew = true;   // the last batch says nothing about this one: other colours, shaders or places of glyphs
    Target::Painted painted;   // the target that shows `batch` carries this
    int width_px = 1, height_px = 1;
    int64_t painted_px = 0;
    Color canvas;

    explicit Parts(std::string shader_folder)
        : folder(std::move(shader_folder)), atlas(std::min(4096, largest_texture())) {
        load_programs();
        make_vertices();
        glGenTextures(1, &glyph_texture);
    }
    ~Parts() {
        for (const Program& program : programs) glDeleteProgram(program.name);
        glDeleteVertexArrays(1, &vertices);
        glDeleteBuffers(1, &buffer);
        glDeleteTextures(1, &glyph_texture);
    }

    void load_programs();
    void make_vertices();
    void prepare(const Scene& scene, Theme theme, float scale);
    void upload_glyphs();
    void upload(const Batch& drawn);
    void begin(bool top_first);
    void draw(const Draw* draws, size_t count);
    void draw_all(bool top_first);
    std::optional<std::vector<PixelBox>> draw_changes(Target& target);
};

void GlPainter::Parts::load_programs() {
    sources = all_sources(folder);
    problem.clear();
    starts_anew = true;
    for (size_t i = 0; i < programs.size(); ++i) {
        const GLuint made = make_program(folder, kVertexShader, kFragmentShaders[i], problem);
        if (!made) continue;
        glDeleteProgram(programs[i].name);
        programs[i] = {made, glGetUniformLocation(made, "u_size_px"),
                       glGetUniformLocation(made, "u_flip")};
        glUseProgram(made);
        glUniform1i(glGetUniformLocation(made, "u_glyphs"), 0);
        glUniform1i(glGetUniformLocation(made, "u_picture"), 1);
    }
}

void GlPainter::Parts::make_vertices() {
    glGenVertexArrays(1, &vertices);
    glGenBuffers(1, &buffer);
    glBindVertexArray(vertices);
    for (GLuint i = 0; i < 6; ++i) {
        glEnableVertexAttribArray(i);
        glVertexAttribDivisor(i, 1);
    }
    glBindVertexArray(0);
}

// Builds the batch and sends its glyphs to the card.
void GlPainter::Parts::prepare(const Scene& scene, Theme theme, float scale) {
    std::swap(batch, before);
    const int last_width_px = width_px, last_height_px = height_px;
    const Color last_canvas = canvas;
    width_px = whole_px(scene.size_px.x);
    height_px = whole_px(scene.size_px.y);
    canvas = palette(theme)[Tone::canvas];
    if (width_px != last_width_px || height_px != last_height_px || !(canvas == last_canvas)) starts_anew = true;
    glActiveTexture(GL_TEXTURE1);
    pictures.before();
    const PictureTiles tiles = [&](const Picture& picture) {
        return pictures.tiles(picture, theme,
                              {static_cast<float>(width_px), static_cast<float>(height_px)},
                              find_levels);
    };
    // A full atlas is emptied once: what this scene needs has room then.
    if (!build_batch(scene, theme, scale, atlas, tiles, batch)) {
        atlas.clear();
        starts_anew = true;
        build_batch(scene, theme, scale, atlas, tiles, batch);
    }
    pictures.after();
    upload_glyphs();
}

void GlPainter::Parts::upload(const Batch& drawn) {
    glBindBuffer(GL_ARRAY_BUFFER, buffer);
    glBufferData(GL_ARRAY_BUFFER,
                 static_cast<GLsizeiptr>(drawn.instances.size() * sizeof(Instance)),
                 drawn.instances.data(), GL_STREAM_DRAW);
    glBindBuffer(GL_ARRAY_BUFFER, 0);
}

void GlPainter::Parts::upload_glyphs() {
    const GlyphAtlas::Changes changes = atlas.take_changes();
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, glyph_texture);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    if (changes.resized) {
        glTexImage2D(GL_TEXTURE_2D, 0, GL_R8, GlyphAtlas::kWidth, atlas.height(), 0, GL_RED,
                     GL_UNSIGNED_BYTE, atlas.texels().data());
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    } else if (changes.end > changes.first) {
        glTexSubImage2D(
            GL_TEXTURE_2D, 0, 0, changes.first, GlyphAtlas::kWidth, changes.end - changes.first,
            GL_RED, GL_UNSIGNED_BYTE,
            atlas.texels().data() + static_cast<size_t>(changes.first) * GlyphAtlas::kWidth);
    }
}

void GlPainter::Parts::begin(bool top_first) {
    glDisable(GL_DEPTH_TEST);
    glDisable(GL_CULL_FACE);
    glBlendEquation(GL_FUNC_ADD);
    glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
    for (const Program& program : programs) {
        glUseProgram(program.name);
        glUniform2f(program.size_px, static_cast<float>(width_px), static_cast<float>(height_px));
        glUniform1f(program.flip, top_first ? 1.0f : -1.0f);
    }
}

// Of the batch that was uploaded last.
void GlPainter::Parts::draw(const Draw* draws, size_t count) {
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, glyph_texture);
    glBindVertexArray(vertices);
    glBindBuffer(GL_ARRAY_BUFFER, buffer);
    for (const Draw& run : std::span(draws, count)) {
        const GLuint program = programs[static_cast<size_t>(run.shade)].name;
        if (!program) continue;
        glUseProgram(program);
        if (run.shade == Shade::cell)
            glDisable(GL_BLEND);
        else
            glEnable(GL_BLEND);
        glActiveTexture(GL_TEXTURE1);
        glBindTexture(GL_TEXTURE_2D, run.texture ? run.texture : glyph_texture);
        // No base instance in OpenGL 3.3: the pointers move instead.
        const size_t base = run.first * sizeof(Instance);
        constexpr GLsizei kStride = sizeof(Instance);
        glVertexAttribPointer(0, 4, GL_FLOAT, GL_FALSE, kStride,
                              offset(base + offsetof(Instance, a)));
        glVertexAttribPointer(1, 4, GL_FLOAT, GL_FALSE, kStride,
                              offset(base + offsetof(Instance, b)));
        glVertexAttribPointer(2, 2, GL_FLOAT, GL_FALSE, kStride,
                              offset(base + offsetof(Instance, c)));
        glVertexAttribPointer(3, 4, GL_UNSIGNED_BYTE, GL_TRUE, kStride,
                              offset(base + offsetof(Instance, fill)));
        glVertexAttribPointer(4, 4, GL_UNSIGNED_BYTE, GL_TRUE, kStride,
                              offset(base + offsetof(Instance, line)));
        glVertexAttribIPointer(5, 4, GL_UNSIGNED_BYTE, kStride,
                               offset(base + offsetof(Instance, kind)));
        glDrawArraysInstanced(GL_TRIANGLE_STRIP, 0, 4, static_cast<GLsizei>(run.count));
    }
    glBindVertexArray(0);
    glBindBuffer(GL_ARRAY_BUFFER, 0);
    glActiveTexture(GL_TEXTURE0);
}

void GlPainter::Parts::draw_all(bool top_first) {
    clear_pixels(canvas);
    upload(batch);
    begin(top_first);
    draw(batch.draws.data(), batch.draws.size());
    painted_px = int64_t(width_px) * height_px;
}

// Only what differs from the scene before, where the target still shows that. None: it does not.
std::optional<std::vector<PixelBox>> GlPainter::Parts::draw_changes(Target& target) {
    if (starts_anew || painted.number == 0 || !(target.painted() == painted)) return {};
    auto boxes = damage(before, batch, width_px, height_px);
    if (!boxes) return {};
    part.instances.clear();
    part.draws.clear();
    std::vector<size_t> firsts;
    for (const PixelBox& box : *boxes) firsts.push_back(append_reaching(batch, box, part));
    firsts.push_back(part.draws.size());
    target.bind();
    upload(part);
    begin(true);
    glEnable(GL_SCISSOR_TEST);
    painted_px = 0;
    for (size_t i = 0; i < boxes->size(); ++i) {
        const PixelBox& box = (*boxes)[i];
        glScissor(box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0);
        glClearColor(canvas.r, canvas.g, canvas.b, 1);
        glClear(GL_COLOR_BUFFER_BIT);
        draw(part.draws.data() + firsts[i], firsts[i + 1] - firsts[i]);
        painted_px += box.area();
    }
    glDisable(GL_SCISSOR_TEST);
    target.release();
    return boxes;
}

GlPainter::GlPainter(std::string shader_folder)
    : parts_(std::make_unique<Parts>(std::move(shader_folder))) {}
GlPainter::~GlPainter() = default;
GlPainter::GlPainter(GlPainter&&) noexcept = default;
GlPainter& GlPainter::operator=(GlPainter&&) noexcept = default;

Repaint GlPainter::paint(const Scene& scene, Theme theme, float scale, Target& target) {
    parts_->prepare(scene, theme, scale);
    target.resize(parts_->width_px, parts_->height_px);
    auto boxes = parts_->draw_changes(target);
    if (!boxes) {
        repaint(target);
        return {true, {}};
    }
    ++parts_->painted.number;
    target.set_painted(parts_->painted);
    return {false, std::move(*boxes)};
}

void GlPainter::paint(const Scene& scene, Theme theme, float scale) {
    parts_->prepare(scene, theme, scale);
    repaint();
}

void GlPainter::use_levels(FindLevels find) { parts_->find_levels = std::move(find); }

void GlPainter::repaint(Target& target) {
    target.resize(parts_->width_px, parts_->height_px);
    target.bind();
    parts_->draw_all(true);
    target.release();
    parts_->starts_anew = false;
    parts_->painted.by = this;
    ++parts_->painted.number;
    target.set_painted(parts_->painted);
}

void GlPainter::repaint() {
    glViewport(0, 0, parts_->width_px, parts_->height_px);
    parts_->draw_all(false);
    parts_->painted.number += 1;  // no target shows this batch
}

const std::string& GlPainter::problem() const { return parts_->problem; }

bool GlPainter::reload() {
    if (parts_->folder.empty()) return false;
    if (all_sources(parts_->folder) == parts_->sources) return false;
    parts_->load_programs();
    return true;
}

GlPainter::Stats GlPainter::stats() const {
    return {static_cast<int64_t>(parts_->batch.instances.size()),
            static_cast<int64_t>(parts_->batch.draws.size()),
            static_cast<int64_t>(parts_->atlas.size()), parts_->pictures.count(),
            parts_->pictures.bytes(), parts_->painted_px};
}

}  // namespace convscope
