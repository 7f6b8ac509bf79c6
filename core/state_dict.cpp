// Which tensor of a state dict goes to which layer.
#include "core/state_dict.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/io/files.h"
#include "core/state_dict_slots.h"

namespace convscope {
namespace {

constexpr size_t kMostNames = 4;  // that a sentence lists
constexpr size_t kMostHints = 3;

/// Tensors with the same prefix: they belong to one layer.
struct Group {
    std::string_view prefix;      // "features.3", "conv1", ""
    std::vector<size_t> entries;  // in the dict's order
};

/// The layer that each group goes to, −1 for none.
using Places = std::vector<int>;

struct Reading {
    Places places;
    size_t placed = 0;  // tensors
    std::string wrong;  // the first wrong shape, as a sentence without the file's name
};

class Matcher {
  public:
    Matcher(const StateDict& tensors, std::span<const Slot> slots)
        : tensors_(tensors), slots_(slots) {
        for (size_t i = 0; i < slots_.size(); ++i) {
            const auto layer = static_cast<size_t>(slots_[i].layer);
            if (layer >= layers_.size()) layers_.resize(layer + 1);
            layers_[layer].push_back(i);
            wanted_.emplace(slots_[i].name, slots_[i].dims);
        }
        make_groups();
    }

    /// Fills all of `match` but its note; returns (entry, slot) pairs.
    std::vector<std::pair<size_t, size_t>> run(StateDictMatch& match) const {
        const Reading by_index = read_indices(), by_order = read_order();
        const Reading& best = by_order.placed > by_index.placed ? by_order : by_index;
        if (!best.wrong.empty() || best.placed == 0) {
            match.error = !best.wrong.empty() ? best.wrong : nothing_fits();
            return {};
        }
        std::vector<std::pair<size_t, size_t>> pairs;
        std::vector<bool> entry_used(tensors_.entries.size()), slot_used(slots_.size());
        for (size_t g = 0; g < groups_.size(); ++g) {
            if (best.places[g] < 0) continue;
            for (const size_t entry : groups_[g].entries) {
                const std::optional<size_t> slot = slot_of(entry, best.places[g]);
                if (!slot || slot_used[*slot]) continue;
                entry_used[entry] = slot_used[*slot] = true;
                pairs.emplace_back(entry, *slot);
            }
        }
        std::ranges::sort(pairs, {}, &std::pair<size_t, size_t>::second);
        for (const auto& [entry, slot] : pairs)
            match.assigned.push_back({name_of(entry), full_name(slots_[slot]), slots_[slot].layer});
        for (size_t i = 0; i < entry_used.size(); ++i)
            if (!entry_used[i]) match.unused.push_back(name_of(i));
        for (size_t i = 0; i < slot_used.size(); ++i)
            if (!slot_used[i]) match.missing.push_back(full_name(slots_[i]));
        match.hints = hints(entry_used, slot_used);
        return pairs;
    }

  private:
    void make_groups() {
        std::map<std::string_view, size_t> known;
        for (size_t i = 0; i < tensors_.entries.size(); ++i) {
            const std::string_view prefix = prefix_of(i);
            const auto [at, is_new] = known.emplace(prefix, groups_.size());
            if (is_new) groups_.push_back({prefix, {}});
            groups_[at->second].entries.push_back(i);
        }
        // A dict that is sorted by name has lost the model's order; the numbers in the names still tell it.
        std::map<std::string_view, std::string_view> last;  // by suffix
        for (const StateDict::Entry& entry : tensors_.entries) {
            std::string_view& before = last[suffix_of(entry.name)];
            if (std::string_view(entry.name) < before) return;
            before = entry.name;
        }
        std::ranges::stable_sort(groups_, comes_before, &Group::prefix);
    }

    const std::string& name_of(size_t entry) const { return tensors_.entries[entry].name; }
    static std::string_view suffix_of(std::string_view name) {
        const size_t point = name.rfind('.');
        return point == std::string_view::npos ? name : name.substr(point + 1);
    }
    std::string_view prefix_of(size_t entry) const {
        const std::string_view name = name_of(entry);
        const size_t point = name.rfind('.');
        return point == std::string_view::npos ? std::string_view() : name.substr(0, point);
    }

    /// Runs of digits count as numbers: "layer.2" before "layer.10".
    static bool comes_before(std::string_view a, std::string_view b) {
        const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
        const auto number = [&](std::string_view& text) {
            size_t length = 0;
            while (length < text.size() && is_digit(text[length])) ++length;
            std::string_view digits = text.substr(0, length);
            text.remove_prefix(length);
            while (digits.size() > 1 && digits[0] == '0') digits.remove_prefix(1);
            return std::pair(digits.size(), digits);
        };
        while (!a.empty() && !b.empty()) {
            if (is_digit(a[0]) && is_digit(b[0])) {
                const auto x = number(a), y = number(b);
                if (x != y) return x < y;
            } else {
                if (a[0] != b[0]) return a[0] < b[0];
                a.remove_prefix(1);
                b.remove_prefix(1);
            }
        }
        return a.size() < b.size();
    }

    /// The layer's slot with the entry's name, whatever its shape.
    std::optional<size_t> slot_of(size_t entry, int layer) const {
        if (static_cast<size_t>(layer) >= layers_.size()) return {};
        const std::string_view suffix = suffix_of(name_of(entry));
        for (const size_t slot : layers_[static_cast<size_t>(layer)])
            if (slots_[slot].name == suffix) return slot;
        return {};
    }
    bool fits(size_t entry, size_t slot) const {
        return tensors_.entries[entry].dims == slots_[slot].dims;
    }

    std::string wrong_shape(size_t entry, size_t slot) const {
        return fmt::format("{} is {}, {} of the chain needs {}", display_text(name_of(entry), 60),
                           dims_text(tensors_.entries[entry].dims), full_name(slots_[slot]),
                           dims_text(slots_[slot].dims));
    }

    /// How many of a group's tensors the layer asks for; none when one of them has another shape.
    std::optional<size_t> fitting(const Group& group, int layer,
                                  std::string* wrong = nullptr) const {
        size_t count = 0;
        for (const size_t entry : group.entries) {
            const std::optional<size_t> slot = slot_of(entry, layer);
            if (!slot) continue;
            if (!fits(entry, *slot)) {
                if (wrong && wrong->empty()) *wrong = wrong_shape(entry, *slot);
                return {};
            }
            ++count;
        }
        return count;
    }

    /// "3.weight", "features.3.weight": the number is the layer's place in the chain. Of several parents ("features",
    /// "classifier") the one that places most.
    Reading read_indices() const {
        std::map<std::string_view, Reading> by_parent;
        for (size_t g = 0; g < groups_.size(); ++g) {
            const std::string_view prefix = groups_[g].prefix;
            const size_t point = prefix.rfind('.');
            const std::string_view last =
                point == std::string_view::npos ? prefix : prefix.substr(point + 1);
            int layer = -1;
            const auto read = std::from_chars(last.data(), last.data() + last.size(), layer);
            if (read.ec != std::errc() || read.ptr != last.data() + last.size() || layer < 0)
                continue;
            Reading& reading = by_parent[prefix.substr(0, prefix.size() - last.size())];
            const std::optional<size_t> count = fitting(groups_[g], layer, &reading.wrong);
            if (count.value_or(0) == 0) continue;
            reading.places.resize(groups_.size(), -1);
            reading.places[g] = layer;
            reading.placed += *count;
        }
        Reading best;
        for (const auto& [parent, reading] : by_parent) {
            const auto better = [](const Reading& r) {
                return std::pair(r.placed, r.wrong.empty() ? 0 : 1);
            };
            if (better(reading) > better(best)) best = reading;
        }
        best.places.resize(groups_.size(), -1);
        return best;
    }

    /// One of its tensors has a name and a shape that some layer asks for.
    bool is_wanted(const Group& group) const {
        return std::ranges::any_of(group.entries, [&](size_t entry) {
            return wanted_.contains({suffix_of(name_of(entry)), tensors_.entries[entry].dims});
        });
    }

    /// Each group to the first free layer of its names and shapes: first to layers that ask for exactly what it has.
    Reading read_order() const {
        Reading reading;
        reading.places.assign(groups_.size(), -1);
        std::vector<bool> taken(layers_.size());
        for (const bool exactly : {true, false}) {
            for (size_t g = 0; g < groups_.size(); ++g) {
                if (reading.places[g] >= 0 || !is_wanted(groups_[g])) continue;
                for (size_t layer = 0; layer < layers_.size(); ++layer) {
                    if (taken[layer] || layers_[layer].empty()) continue;
                    const size_t count = fitting(groups_[g], static_cast<int>(layer)).value_or(0);
                    if (count == 0) continue;
                    if (exactly &&
                        (count != groups_[g].entries.size() || count != layers_[layer].size()))
                        continue;
                    taken[layer] = true;
                    reading.places[g] = static_cast<int>(layer);
                    reading.placed += count;
                    break;
                }
            }
        }
        return reading;
    }

    /// Unused tensors beside slots of their name that got nothing.
    std::vector<std::string> hints(const std::vector<bool>& entry_used,
                                   const std::vector<bool>& slot_used) const {
        std::vector<std::string> sentences;
        std::vector<bool> told(slots_.size());
        for (size_t entry = 0; entry < entry_used.size() && sentences.size() < kMostHints;
             ++entry) {
            if (entry_used[entry]) continue;
            for (size_t slot = 0; slot < slots_.size(); ++slot) {
                if (slot_used[slot] || told[slot] ||
                    slots_[slot].name != suffix_of(name_of(entry)) ||
                    slots_[slot].dims.size() != tensors_.entries[entry].dims.size() ||
                    fits(entry, slot))
                    continue;
                sentences.push_back(wrong_shape(entry, slot));
                told[slot] = true;
                break;
            }
        }
        return sentences;
    }

    std::string nothing_fits() const {
        if (tensors_.entries.empty()) return "it has no tensors";
        if (slots_.empty()) return "no layer of this chain has weights";
        const std::vector<std::string> near =
            hints(std::vector<bool>(tensors_.entries.size()), std::vector<bool>(slots_.size()));
        if (!near.empty()) return near[0];
        const Slot& first = slots_[0];
        return fmt::format(
            "{} is no tensor that a layer of this chain asks for; {} would be one, {}",
            display_text(name_of(0), 60), full_name(first), dims_text(first.dims));
    }

    const StateDict& tensors_;
    std::span<const Slot> slots_;
    std::vector<std::vector<size_t>> layers_;  // slots of each layer
    std::set<std::pair<std::string_view, std::vector<int64_t>>> wanted_;
    std::vector<Group> groups_;
};

/// "a, b, c, d and 3 more".
std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (size_t i = 0; i < std::min(names.size(), kMostNames); ++i)
        text += (i > 0 ? ", " : "") + display_text(names[i], 60);
    if (names.size() > kMostNames) text += fmt::format(" and {} more", names.size() - kMostNames);
    return text;
}

}  // namespace

StateDict state_dict_of(SafetensorsFile file) {
    StateDict dict;
    dict.name = file.name;
    for (const StoredTensor& tensor : file.tensors)
        dict.entries.push_back({tensor.name, tensor.dims});
    const auto shared = std::make_shared<const SafetensorsFile>(std::move(file));
    dict.load = [shared](size_t which) { return load_tensor(*shared, which); };
    return dict;
}

StateDict state_dict_of(std::vector<NamedTensor> tensors) {
    StateDict dict;
    for (const NamedTensor& tensor : tensors) dict.entries.push_back({tensor.name, tensor.dims});
    dict.load = [tensors = std::move(tensors)](size_t which) {
        return LoadedTensor{tensors[which].tensor, "", ""};
    };
    return dict;
}

Document with_state_dict(Document document, const StateDict& tensors, StateDictMatch& match) {
    match = {};
    const Result planned = plan_only(document);
    const std::vector<Slot> slots = slots_of(planned);
    if (slots.empty() && planned.problem) {
        match.error = planned.problem->whole();
        return document;
    }
    const auto pairs = Matcher(tensors, slots).run(match);
    Document next = document;
    for (const auto& [entry, slot] : pairs) {
        LoadedTensor loaded = tensors.load(entry);
        if (!loaded.ok()) {
            match = {};
            match.error = loaded.error;
            return document;
        }
        if (match.note.empty() && slots[slot].dims.size() > 0)
            match.note = loaded.note;  // a counter is none
        put(next, slots[slot], loaded.tensor);
    }
    if (!match.ok())
        match.error = (tensors.name.empty() ? "" : tensors.name + ": ") + match.error + ".";
    return next;
}

std::string describe(const StateDict& tensors, const StateDictMatch& match) {
    if (!match.ok()) return match.error;
    const size_t count = match.assigned.size();
    std::string text = fmt::format(
        "{}{} {} in the chain now.", count == 1 ? "1 tensor" : fmt::format("{} tensors", count),
        tensors.name.empty() ? "" : " of " + tensors.name, count == 1 ? "is" : "are");
    if (!match.unused.empty()) text += " Not used: " + listed(match.unused) + ".";
    if (!match.missing.empty()) text += " Kept as they were: " + listed(match.missing) + ".";
    for (const std::string& hint : match.hints) text += " " + hint + ".";
    if (!match.note.empty()) text += " The values were " + match.note + ".";
    return text;
}

}  // namespace convscope
