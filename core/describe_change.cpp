// The words between two documents: labels of undo and redo.
#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "core/document.h"
#include "core/io/files.h"
#include "core/network_of.h"
#include "core/number_text.h"
#include "core/presets.h"

namespace convscope {
namespace {

/// "7×9", or the whole shape where batch or channels differ as well.
std::string shape_change(Shape before, Shape after) {
    if (before.n == after.n && before.c == after.c)
        return fmt::format("{}×{} → {}×{}", before.h, before.w, after.h, after.w);
    return to_string(before) + " → " + to_string(after);
}

/// A cell's place with the leading indices that this tensor needs: "(2, 3)", "(0, 2, 3)", "2" in a vector.
std::string place_text(Index cell, Shape shape) {
    if (shape.n > 1) return fmt::format("({}, {}, {}, {})", cell.n, cell.c, cell.h, cell.w);
    if (shape.h == 1 && shape.w == 1) return shape.c > 1 ? fmt::format("{}", cell.c) : "";
    if (shape.c > 1) return fmt::format("({}, {}, {})", cell.c, cell.h, cell.w);
    return fmt::format("({}, {})", cell.h, cell.w);
}

/// The same bits: NaN equals itself here, and −0 differs from 0.
bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

/// How the cells of two tensors of one shape differ: "kernel (1, 1) 1 → 4", "3 cells of kernel". Empty: not at all.
std::string cell_change(std::string_view grid, const Tensor& before, const Tensor& after) {
    if (before.same_as(after)) return "";
    const auto a = before.values(), b = after.values();
    int64_t count = 0;
    size_t last = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        if (same_bits(a[i], b[i])) continue;
        ++count;
        last = i;
    }
    if (count == 0) return "";
    if (count > 1) return fmt::format("{} cells of {}", grouped_text(count), grid);
    const std::string place =
        place_text(before.shape().index(static_cast<int64_t>(last)), before.shape());
    return fmt::format("{}{}{} {} → {}", grid, place.empty() ? "" : " ", place,
                       number_text(static_cast<double>(a[last])),
                       number_text(static_cast<double>(b[last])));
}

std::string origin_word(const Origin& origin) {
    if (const auto* made = std::get_if<Generated>(&origin)) return made->kind;
    if (const auto* image = std::get_if<FromImage>(&origin)) return display_name(image->path);
    return "typed values";
}

std::string input_change(const Input& before, const Input& after) {
    const auto* image = std::get_if<FromImage>(&after.origin);
    const auto* old_image = std::get_if<FromImage>(&before.origin);
    if (image && (!old_image || old_image->path != image->path))
        return "opened " + display_name(image->path);
    const Shape was = before.tensor.shape(), is = after.tensor.shape();
    if (was != is) return "input " + shape_change(was, is);
    const auto* made = std::get_if<Generated>(&after.origin);
    const auto* old_made = std::get_if<Generated>(&before.origin);
    if (made && (!old_made || old_made->kind != made->kind))
        return fmt::format("input {} → {}", origin_word(before.origin), made->kind);
    if (made && old_made->seed != made->seed)
        return fmt::format("input seed {} → {}", old_made->seed, made->seed);
    return cell_change("input", before.tensor, after.tensor);
}

std::string params_change(const Op& op, const Params& before, const Params& after) {
    std::string text;
    int count = 0;
    for (size_t i = 0; i < op.fields.size(); ++i) {
        if (before[i] == after[i]) continue;
        if (++count <= 2)
            text += fmt::format("{}{} {} → {}", count == 1 ? "" : ", ", op.fields[i].key,
                                to_text(before[i]), to_text(after[i]));
    }
    return count <= 2 ? text : fmt::format("{} parameters", count);
}

/// The one preset that all changed kernels are now, and what they were before: "kernel Emboss → Box blur".
std::string kernel_change(const Tensor& before, const Tensor& after) {
    const Shape shape = after.shape();
    constexpr int64_t kMostPlanes = 64;
    if (shape.n * shape.c > kMostPlanes) return "";
    std::string was, is;
    bool any = false, one_was = true;
    for (int64_t i = 0; i < shape.n * shape.c; ++i) {
        const Index plane{i / shape.c, i % shape.c, 0, 0};
        const auto first = static_cast<size_t>(shape.offset(plane)),
                   cells = static_cast<size_t>(shape.plane());
        if (std::ranges::equal(before.values().subspan(first, cells),
                               after.values().subspan(first, cells)))
            continue;
        const std::string old_name = kernel_name(before, plane),
                          new_name = kernel_name(after, plane);
        if (new_name.empty() || (any && new_name != is)) return "";
        if (any && old_name != was) one_was = false;
        was = old_name;
        is = new_name;
        any = true;
    }
    if (!any) return "";
    return was.empty() || !one_was ? "kernel → " + is : fmt::format("kernel {} → {}", was, is);
}

std::string weights_change(const Layer& before, const Layer& after) {
    if (before.weights.size() != after.weights.size()) return "weights replaced";
    if (before.turned != after.turned)
        return after.turned ? "kernel turned 180°" : "kernel turned back";
    std::string text;
    for (size_t i = 0; i < after.weights.size(); ++i) {
        const Tensor &was = before.weights[i], &is = after.weights[i];
        if (was.same_as(is)) continue;
        if (was.shape() != is.shape()) return "weights replaced";
        const bool kernel = is.shape().plane() > 1 || i == 0;
        std::string change = cell_change(kernel ? "kernel" : "bias", was, is);
        if (kernel && change.find(" of ") != std::string::npos)
            if (const std::string name = kernel_change(chosen_kernels(before), chosen_kernels(after));
                i == 0 && !name.empty())
                change = name;
        if (change.empty()) continue;
        if (!text.empty()) return "weights replaced";
        text = change;
    }
    if (text.empty() && before.channel_names != after.channel_names) return "channel names";
    return text;
}

/// The same layer, maybe at another place: told by its numbers, which no other layer shares.
bool is_same_layer(const Layer& a, const Layer& b) {
    if (a.op != b.op) return false;
    if (a.weights.empty() || b.weights.empty()) return a.params == b.params;
    return a.weights.back().same_as(b.weights.back());
}

bool is_same_op(const Layer& a, const Layer& b) { return a.op == b.op; }

/// "moved Conv2d 2 → 3": one layer changed its place, those between moved up or down. Empty: it is not so.
std::string move_change(const std::vector<Layer>& before, const std::vector<Layer>& after) {
    // Where the ops tell it, numbers that were fitted to the new place do not matter.
    const auto is_same = std::ranges::equal(before, after, is_same_op) ? is_same_layer : is_same_op;
    size_t first = 0, last = before.size();
    while (first < last && is_same(before[first], after[first])) ++first;
    while (last > first && is_same(before[last - 1], after[last - 1])) --last;
    if (last < first + 2) return "";
    --last;
    for (const bool forward : {true, false}) {
        const size_t from = forward ? first : last, to = forward ? last : first;
        bool fits = is_same(before[from], after[to]);
        for (size_t k = first; fits && k < last; ++k)
            fits = forward ? is_same(before[k + 1], after[k]) : is_same(before[k], after[k + 1]);
        if (fits)
            return fmt::format("moved {} {} → {}", before[from].op->torch_name, from + 1, to + 1);
    }
    return "";
}

std::string chain_change(const Document& before, const Document& after) {
    const size_t was = before.layers.size(), is = after.layers.size();
    if (is == was + 1) {
        size_t at = 0;
        while (at < was && before.layers[at].op == after.layers[at].op) ++at;
        return "added " + after.layers[at].op->torch_name;
    }
    if (was == is + 1) {
        size_t at = 0;
        while (at < is && before.layers[at].op == after.layers[at].op) ++at;
        return "removed " + before.layers[at].op->torch_name;
    }
    if (was != is) return fmt::format("{} → {} layers", was, is);
    if (const std::string moved = move_change(before.layers, after.layers); !moved.empty())
        return moved;
    for (size_t k = 0; k < is; ++k)
        if (before.layers[k].op != after.layers[k].op)
            return fmt::format("{} → {}", before.layers[k].op->torch_name,
                               after.layers[k].op->torch_name);
    return "";
}

std::string layers_change(const Document& before, const Document& after) {
    // A parameter draws weights and later layers' channels along; the first one is what the person changed.
    const auto in_layer = [&](size_t k, const std::string& text) {
        return after.layers.size() == 1 ? text : fmt::format("layer {} {}", k + 1, text);
    };
    for (size_t k = 0; k < after.layers.size(); ++k) {
        const std::string text =
            params_change(*after.layers[k].op, before.layers[k].params, after.layers[k].params);
        if (!text.empty()) return in_layer(k, text);
    }
    for (size_t k = 0; k < after.layers.size(); ++k) {
        const Layer &was = before.layers[k], &is = after.layers[k];
        const std::string text = weights_change(was, is);
        if (!text.empty()) return in_layer(k, text);
        if (was.skip != is.skip) return in_layer(k, fmt::format("skip {} → {}", was.skip, is.skip));
        if (was.buffers != is.buffers) return in_layer(k, "running statistics");
    }
    return "";
}

std::string start_change(const BackwardStart& before, const BackwardStart& after) {
    if (before.kind != after.kind)
        return fmt::format("backward start {} → {}", start_kind_name(before.kind),
                           start_kind_name(after.kind));
    const char* name = after.kind == BackwardStart::Kind::given ? "grad_output" : "target";
    if (before.tensor.shape() != after.tensor.shape())
        return fmt::format("{} {}", name,
                           shape_change(before.tensor.shape(), after.tensor.shape()));
    const std::string cells = cell_change(name, before.tensor, after.tensor);
    if (!cells.empty() || before.seed == after.seed) return cells;
    return fmt::format("grad_output seed {} → {}", before.seed, after.seed);
}

}  // namespace

std::string describe_change(const Document& before, const Document& after) {
    if (const auto was = network_of(before), is = network_of(after); was && is)
        if (const std::string change = network_change(*was, *is); !change.empty())
            return "network " + change;
    std::string text = input_change(before.input, after.input);
    // Another name and other numbers: another document.
    if (before.name != after.name && !after.name.empty() && !text.empty() &&
        !text.starts_with("opened"))
        return "opened " + display_text(after.name, 40);
    if (text.empty()) text = chain_change(before, after);
    if (text.empty()) text = layers_change(before, after);
    if (text.empty()) text = start_change(before.start, after.start);
    if (text.empty() && before.training != after.training)
        text = after.training ? "eval → train" : "train → eval";
    if (text.empty() && before.batches != after.batches)
        text = fmt::format("batches {} → {}", before.batches, after.batches);
    if (text.empty() && before.name != after.name)
        text = fmt::format("name {} → {}",
                           display_text(before.name.empty() ? "untitled" : before.name, 40),
                           display_text(after.name.empty() ? "untitled" : after.name, 40));
    return text;
}

}  // namespace convscope
