// Planes of tensors as textures: coloured by their map, cut into tiles, kept as long as there is room.
#pragma once

#include <cstdint>
#include <list>
#include <vector>

#include "app/paint/scene_batch.h"
#include "core/plane_levels.h"

namespace convscope {

/// Colours of one tile: texels (row-major RGBA) of `rows` × `columns`, each the mean of factor × factor values from
/// (first_row, first_column) on, counted in texels. A mean with a NaN or ∞ in it has the error tint. Levels that are
/// found save reading the whole plane.
std::vector<uint8_t> tile_colors(const Picture& picture, Theme theme, int64_t factor, int64_t first_row,
                                 int64_t first_column, int64_t rows, int64_t columns, const FindLevels& find = {});

class PictureTextures {
public:
    static constexpr int64_t kTile = 1024;                     // texels a side, below every OpenGL's limit
    static constexpr int64_t kBudget_bytes = int64_t(192) << 20;

    PictureTextures() = default;
    ~PictureTextures();
    PictureTextures(const PictureTextures&) = delete;
    PictureTextures& operator=(const PictureTextures&) = delete;

    static constexpr size_t kLargeTensor_bytes = size_t(4) << 20;

    /// Before the pictures of a scene are asked for; after(): drops the longest unused beyond the budget, and those of large
    /// tensors that the scene does not show.
    void before();
    void after();
    /// The tiles of the picture that lie inside 0…size.
    std::vector<PictureTile> tiles(const Picture& picture, Theme theme, Point size_px, const FindLevels& find = {});

    int64_t count() const { return static_cast<int64_t>(entries_.size()); }
    int64_t bytes() const { return bytes_; }

private:
    struct Entry {
        Picture picture;                // without its box; holds the tensor, so that its identity stays its own
        Theme theme = Theme::light;
        int64_t factor = 1, row = 0, column = 0;
        uint32_t texture = 0;
        bool halved = false;            // has a mipmap of half the size
        int64_t bytes = 0;
        uint64_t used = 0;              // number of the scene that used it last
        uint16_t number = 0;
    };
    const Entry& entry(const Picture& picture, Theme theme, int64_t factor, int64_t row, int64_t column,
                       int64_t rows, int64_t columns, bool smaller, const FindLevels& find);
    std::list<Entry>::iterator drop(std::list<Entry>::iterator entry);
    void upload(Entry& entry, int64_t rows, int64_t columns, const FindLevels& find);

    std::list<Entry> entries_;          // last used first
    int64_t bytes_ = 0;
    uint64_t scene_ = 0;
    uint16_t made_ = 0;                 // textures, wrapping around
};

}  // namespace convscope
