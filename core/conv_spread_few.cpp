// spread_stamps where there are few narrow cells, but many channels: the layers of a generator. All stamps are one product of
// matrices, cells × (places of the kernel × wide channels); then they are added up where they overlap.
#include <algorithm>

#include "core/conv_kept.h"
#include "core/conv_lines.h"

namespace convscope {
namespace {

constexpr int64_t kFewStamps = 256;
constexpr int64_t kBlock = kMostLanes;  // wide channels side by side
constexpr int64_t kPanel =
    3 * kMostLanes;  // columns of the product that registers hold for eight cells at once
constexpr int64_t kAhead =
    64 * kPanel;  // weights come once, from far: those of the next 64 terms are fetched early
constexpr int64_t kPartFloats = int64_t(1) << 18;  // of weights in a part of the work

/// The weights in the order in which the product reads them: for each part of the work panels of kPanel columns, of each
/// panel the rows (narrow channels). Columns: for 16 wide channels together, place by place, the 16.
class Stamps {
  public:
    struct Call {
        std::span<const PackedWeights> cells;  // of each group of each sample
        const float* bias;
        float* out;
    };

    Stamps(const ConvGeometry& g, const Tensor& weight)
        : g_(g), row_(uses_of(g.h)), column_(uses_of(g.w)) {
        const int64_t cells = g.h.out * g.w.out, floats = kBlock * g.taps();
        together_ = std::clamp<int64_t>(
            std::min(kPartProducts / cells, kPartFloats) / (floats * g.narrow_per_group), 1,
            std::max<int64_t>(1, (blocks() + 1) / 2));
        panels_ = (together_ * floats + kPanel - 1) / kPanel;
        packed_ = Tensor({1, 1, g.groups * parts_per_group(), part_floats()}, 0.0f);
        float* const to = packed_.mutate().data();
        for (int64_t group = 0; group < g.groups; ++group)
            for (int64_t c = 0; c < g.narrow_per_group; ++c)
                for (int64_t o = 0; o < g.wide_per_group; ++o) {
                    const int64_t block = o / kBlock;
                    float* const part =
                        to + (group * parts_per_group() + block / together_) * part_floats();
                    const float* const from =
                        weight.data() +
                        ((group * g.narrow_per_group + c) * g.wide_per_group + o) * g.taps();
                    for (int64_t t = 0; t < g.taps(); ++t) {
                        const int64_t at = (block % together_ * g.taps() + t) * kBlock + o % kBlock;
                        part[(at / kPanel * g.narrow_per_group + c) * kPanel + at % kPanel] =
                            from[t];
                    }
                }
    }

    const ConvGeometry& geometry() const { return g_; }
    size_t bytes() const { return static_cast<size_t>(packed_.shape().count()) * 4; }
    int64_t parts() const { return g_.batch * g_.groups * parts_per_group(); }

    void part(const Call& call, int64_t i) const {
        const int64_t group = i / parts_per_group(), which = i % parts_per_group();
        const int64_t blocks = std::min(together_, this->blocks() - which * together_);
        const int64_t cells = g_.h.out * g_.w.out;
        const int64_t floats = blocks * g_.taps() * kBlock;
        ConvScratch& scratch = conv_scratch();
        const float* const from =
            packed_.data() + (group % g_.groups * parts_per_group() + which) * part_floats();
        scratch.taps.clear();
        for (int64_t c = 0; c < g_.narrow_per_group; ++c)
            scratch.taps.push_back({from + c * kPanel, c});
        scratch.sums.resize(static_cast<size_t>(cells * step()));
        for (int64_t at = 0; at < floats; at += kPanel)
            add_up({.taps = scratch.taps,
                    .shift = at * g_.narrow_per_group,
                    .weights = &call.cells[static_cast<size_t>(group)],
                    .out = scratch.sums.data() + at,
                    .out_channel_step = step(),
                    .channels = cells,
                    .cells = std::min(kPanel, floats - at),
                    .ahead = kAhead});
        for (int64_t block = 0; block < blocks; ++block)
            add_stamps(call, scratch.sums.data() + block * g_.taps() * kBlock, group,
                       (which * together_ + block) * kBlock);
    }

  private:
    /// A wide place hears narrow cell `cell` through kernel place `k`.
    struct Use {
        int64_t cell, k;
    };
    static std::vector<std::vector<Use>> uses_of(const WindowAxis& axis) {
        std::vector<std::vector<Use>> uses(static_cast<size_t>(axis.in));
        for (int64_t q = 0; q < axis.out; ++q)
            for (int64_t k = 0; k < axis.kernel; ++k)
                if (const int64_t place = *axis.input_place(q, k); place >= 0 && place < axis.in)
                    uses[static_cast<size_t>(place)].push_back({q, k});
        return uses;
    }

    int64_t blocks() const { return (g_.wide_per_group + kBlock - 1) / kBlock; }
    int64_t parts_per_group() const { return (blocks() + together_ - 1) / together_; }
    int64_t part_floats() const { return panels_ * g_.narrow_per_group * kPanel; }
    /// From the stamps of one cell to those of the next: no power of two, which would all fall on the same lines of the cache.
    int64_t step() const { return panels_ * kPanel + kBlock; }

    /// Adds up the stamps of the wide channels channel…channel + 15, and turns them round: a plane for each.
    void add_stamps(const Call& call, const float* stamps, int64_t group, int64_t channel) const {
        const int64_t channels = std::min(kBlock, g_.wide_per_group - channel);
        float bias[kBlock] = {};
        if (call.bias)
            std::copy_n(call.bias + group % g_.groups * g_.wide_per_group + channel, channels,
                        bias);
        float* out = call.out + (group * g_.wide_per_group + channel) * g_.h.in * g_.w.in;
        for (int64_t h = 0; h < g_.h.in; ++h, out += g_.w.in)
            for (int64_t w = 0; w < g_.w.in; w += kBlock) {
                float sums[kBlock][kBlock];
                const int64_t count = std::min(kBlock, g_.w.in - w);
                for (int64_t i = 0; i < count; ++i) {
                    float* const sum = sums[i];
                    std::copy_n(bias, kBlock, sum);
                    for (const Use& down : row_[static_cast<size_t>(h)])
                        for (const Use& across : column_[static_cast<size_t>(w + i)]) {
                            const float* const from =
                                stamps + (down.cell * g_.w.out + across.cell) * step() +
                                (down.k * g_.w.kernel + across.k) * kBlock;
                            for (int64_t lane = 0; lane < kBlock; ++lane) sum[lane] += from[lane];
                        }
                }
                for (int64_t c = 0; c < channels; ++c)
                    for (int64_t i = 0; i < count; ++i)
                        out[c * g_.h.in * g_.w.in + w + i] = sums[i][c];
            }
    }

    const ConvGeometry g_;
    std::vector<std::vector<Use>> row_, column_;  // of each wide row and column
    int64_t together_ = 1, panels_ = 1;           // blocks of channels and panels in a part
    Tensor packed_;
};

}  // namespace

bool has_few_stamps(const ConvGeometry& g) {
    return g.h.out * g.w.out <= kFewStamps && g.narrow_per_group >= kMostLanes &&
           g.wide_per_group >= kBlock && g.taps() > 1;
}

bool spread_few(const ConvGeometry& g, const Tensor& narrow, const Tensor& weight,
                const Tensor* bias, Tensor& wide, const Progress& progress) {
    thread_local KeptReady<Stamps> kept;
    const std::shared_ptr<const Stamps> stamps = kept.of(g, weight);
    const int64_t cells = g.h.out * g.w.out;
    std::vector<PackedWeights>& values = conv_scratch().values;
    values.resize(static_cast<size_t>(g.batch * g.groups));
    for (int64_t group = 0; group < g.batch * g.groups; ++group)
        values[static_cast<size_t>(group)].pack(narrow.data() + group * g.narrow_per_group * cells,
                                                cells, 1, 1, g.narrow_per_group, cells);
    float* const out = wide.mutate().data();
    const Stamps::Call call{values, bias ? bias->data() : nullptr, out};
    return run_parts(progress, stamps->parts(), [&](int64_t i) { stamps->part(call, i); });
}

}  // namespace convscope
