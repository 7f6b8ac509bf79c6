// PyTorch text → Document: imports, the network's layers, and the numbers that go with them.
#include "core/pytorch_read.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/document_json.h"
#include "core/io/files.h"
#include "core/io/paste_parts.h"
#include "core/number_text.h"
#include "core/pytorch_text.h"

namespace convscope {
namespace {

using Kind = Node::Kind;

constexpr std::string_view kByteOrderMark = "\uFEFF";
constexpr size_t kMaxNamedLayers = 3;  // in a document's name

/// What to write instead of a class of torch.nn that is no op here.
struct Instead {
    std::string_view name, advice;
};
constexpr Instead kInstead[] = {
    {"Linear", "a fully connected layer is nn.Conv2d(in, out, 1) here, a 1×1 convolution"},
    {"LazyLinear", "a fully connected layer is nn.Conv2d(in, out, 1) here, a 1×1 convolution"},
    {"Flatten",
     "leave it out, and make the layer behind it nn.Conv2d(channels, out, (height, width))"},
    {"Unflatten", "leave it out: tensors stay N×C×H×W here"},
    {"Dropout", "leave it out: in eval mode it changes nothing"},
    {"Dropout2d", "leave it out: in eval mode it changes nothing"},
    {"Conv1d", "use nn.Conv2d with a kernel of one row: (1, 3)"},
    {"Conv3d", "inputs have two axes of space here: use nn.Conv2d"},
    {"ConvTranspose1d", "use nn.ConvTranspose2d with a kernel of one row: (1, 3)"},
    {"BatchNorm1d", "use nn.BatchNorm2d"},
    {"AdaptiveAvgPool2d", "use nn.AvgPool2d with the input's size as kernel_size"},
    {"AdaptiveMaxPool2d", "use nn.MaxPool2d with the input's size as kernel_size"},
    {"MaxPool1d", "use nn.MaxPool2d with a kernel of one row: (1, 2)"},
    {"AvgPool1d", "use nn.AvgPool2d with a kernel of one row: (1, 2)"},
    {"UpsamplingNearest2d", "use nn.Upsample(scale_factor=2)"},
    {"UpsamplingBilinear2d",
     "use nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True)"},
    {"ModuleList", "use nn.Sequential, which says in which order its layers run"},
    {"ModuleDict", "use nn.Sequential, which says in which order its layers run"},
};

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

/// "Conv2d" of "torch.nn.Conv2d", "nn.Conv2d" and "Conv2d"; any other name as it is.
std::string_view class_name(std::string_view name) {
    for (const std::string_view prefix : {"torch.nn.", "nn."})
        if (name.starts_with(prefix)) return name.substr(prefix.size());
    return name;
}

const Op* op_of(std::string_view torch_name) {
    for (const Op& op : all_ops())
        if (op.torch_name == torch_name) return &op;
    return nullptr;
}

std::vector<std::string> class_names() {
    std::vector<std::string> names;
    for (const Op& op : all_ops()) names.push_back(op.torch_name);
    names.emplace_back("Sequential");
    return names;
}

/// The class here whose name is near, in any case; "" when none is.
std::string near_class(std::string_view name) {
    const std::vector<std::string> names = class_names();
    std::vector<std::string> lowered;
    for (const std::string& known : names) lowered.push_back(lower(known));
    const std::string near = nearest_key(lower(name.substr(name.rfind('.') + 1)), lowered);
    for (size_t i = 0; i < names.size(); ++i)
        if (!near.empty() && lowered[i] == near) return names[i];
    return "";
}

[[noreturn]] void refuse_class(const Node& call) {
    const std::string_view name = class_name(call.words);
    const std::string shown_name = display_text(call.words, 40);
    for (const Instead& instead : kInstead)
        if (name == instead.name)
            throw TextFailure{call.at,
                              fmt::format("{} is not read; {}", shown_name, instead.advice)};
    if (std::ranges::any_of(call.items, [](const Node& node) { return node.labelled; }))
        throw TextFailure{call.at,
                          fmt::format("{} is a module of its own, and its forward is not in "
                                      "this text; put its layers into nn.Sequential(…)",
                                      shown_name)};
    const std::string near = near_class(name);
    if (!near.empty())
        throw TextFailure{call.at, fmt::format("{} is no layer here; nn.{} is", shown_name, near)};
    throw TextFailure{call.at, fmt::format("{} is no layer here; these are: {}", shown_name,
                                           fmt::join(class_names(), ", "))};
}

/// Reads the text of a network.
class NetworkReader {
  public:
    NetworkReader(std::string_view text, Document& document)
        : text_(text), lexer_(text), parser_(lexer_), document_(document) {}

    void read() {
        while (true) {
            lexer_.skip_line_ends();
            if (lexer_.take(";")) continue;
            const Token& next = lexer_.next();
            if (next.kind != Token::Kind::name || (next.text != "import" && next.text != "from"))
                break;
            import_line();
        }
        const size_t start = lexer_.next().at;
        network();
        if (document_.layers.empty())
            throw TextFailure{start, "no layer is in this text; nn.Conv2d(1, 1, 3) would be one"};
    }

  private:
    /// "import torch.nn as nn", "from torch import nn": read past.
    void import_line() {
        const bool is_from = lexer_.take().text == "from";
        bool first = true;
        while (lexer_.next().kind != Token::Kind::line_end &&
               lexer_.next().kind != Token::Kind::end && !lexer_.next().is(";")) {
            const Token token = lexer_.take();
            static constexpr std::string_view kLibraries[] = {"torch", "collections", "numpy",
                                                              "math"};
            const bool known = std::ranges::find(kLibraries, token.text) != std::end(kLibraries);
            if (first && !known)
                throw TextFailure{token.at, fmt::format("{} is not read; torch, collections, numpy "
                                                        "and math may be imported",
                                                        quoted(token.text))};
            const bool word = token.kind == Token::Kind::name;
            if (!word && !token.is(".") && !token.is(",") && !token.is("*") && !token.is("(") &&
                !token.is(")"))
                throw TextFailure{token.at,
                                  fmt::format("the end of the line was expected, but {} was found",
                                              quoted(token.text))};
            first = !is_from && token.is(",");
        }
        if (first) lexer_.refuse("a library's name");
    }

    /// One layer, one container, "name = …", or layers one after the other with commas.
    void network() {
        for (bool first = true;; first = false) {
            const Token& next = lexer_.next();
            if (next.kind != Token::Kind::name && !next.is("(") && !next.is("["))
                lexer_.refuse("a layer such as nn.Conv2d(1, 1, 3)");
            const Node node = parser_.argument(0);
            if (!node.keyword.empty() && !first)
                throw TextFailure{node.keyword_at, "“=” was not expected in a list of layers"};
            whole(node);
            bool more = lexer_.take(",");
            more = more || node.labelled;
            const bool line_ended = lexer_.next().kind == Token::Kind::line_end;
            lexer_.skip_line_ends();
            while (lexer_.take(";")) lexer_.skip_line_ends();
            if (lexer_.next().kind == Token::Kind::end) return;
            if (more) continue;
            if (!line_ended) lexer_.refuse("the end of the text");
            throw TextFailure{next.at,
                              fmt::format("one network is read, and {} starts another line; put "
                                          "the layers into nn.Sequential(…)",
                                          quoted(text_.substr(next.at, next.end - next.at)))};
        }
    }

    /// A network with .eval() or .train() behind it.
    void whole(const Node& node) {
        if (node.kind == Kind::list) {
            for (const Node& item : node.items) add(item);
            return;
        }
        if (node.kind != Kind::method) return add(node);
        if (node.items.size() != 1 || (node.words != "eval" && node.words != "train"))
            refuse_method(node);
        document_.training = node.words == "train";
        const bool training = document_.training;
        whole(node.items[0]);
        document_.training = training;  // the last one counts
    }

    [[noreturn]] static void refuse_method(const Node& node) {
        throw TextFailure{node.at,
                          fmt::format("{} is not read; only .eval() and .train() may stand "
                                      "behind the whole network",
                                      quoted(node.words))};
    }

    void add(const Node& node) {
        if (node.kind == Kind::method) refuse_method(node);
        if (node.kind != Kind::call)
            throw TextFailure{node.at,
                              fmt::format("a layer such as nn.Conv2d(1, 1, 3) was expected, "
                                          "but {} was found",
                                          quoted(text_.substr(node.at, node.end - node.at)))};
        const std::string_view name = class_name(node.words);
        if (name == "Sequential") return sequence(node);
        if (name == "Identity") return;
        const Op* op = op_of(name);
        if (!op) refuse_class(node);
        if (document_.layers.size() >= kMaxPytorchLayers)
            throw TextFailure{node.at,
                              fmt::format("more than {} layers in one text", kMaxPytorchLayers)};
        Layer layer;
        layer.op = op;
        layer.params = params_of(*op, node, text_);
        document_.layers.push_back(std::move(layer));
    }

    void sequence(const Node& call) {
        for (const Node& node : call.items) {
            if (!node.keyword.empty())
                throw TextFailure{node.keyword_at,
                                  fmt::format("{} is no argument of Sequential; layers are",
                                              quoted(node.keyword))};
            if (node.kind == Kind::starred) {
                const Node& list = node.items[0];
                if (list.kind != Kind::list && list.kind != Kind::tuple)
                    throw TextFailure{list.at, "a list of layers was expected behind the *"};
                for (const Node& item : list.items) add(item);
            } else if (node.kind == Kind::list || node.kind == Kind::tuple) {
                throw TextFailure{node.at,
                                  "Sequential takes a list only with a * in front: "
                                  "nn.Sequential(*[…])"};
            } else if (node.kind == Kind::call &&
                       (node.words == "OrderedDict" || node.words == "collections.OrderedDict")) {
                ordered(node);
            } else {
                add(node);
            }
        }
    }

    /// OrderedDict([('conv1', nn.Conv2d(…)), …]).
    void ordered(const Node& call) {
        if (call.items.size() != 1 || call.items[0].kind != Kind::list)
            throw TextFailure{call.at,
                              "a list of names and layers was expected: "
                              "OrderedDict([('conv1', nn.Conv2d(1, 1, 3))])"};
        for (const Node& entry : call.items[0].items) {
            const bool is_pair = (entry.kind == Kind::tuple || entry.kind == Kind::list) &&
                                 entry.items.size() == 2 && entry.items[0].kind == Kind::text;
            if (!is_pair)
                throw TextFailure{entry.at,
                                  "a name and a layer were expected: "
                                  "('conv1', nn.Conv2d(1, 1, 3))"};
            add(entry.items[1]);
        }
    }

    std::string_view text_;
    Lexer lexer_;
    ValueParser parser_;
    Document& document_;
};

/// "Conv2d 3×3 s2 → ReLU", for the title.
std::string network_name(const std::vector<Layer>& layers) {
    std::string name;
    for (size_t k = 0; k < std::min(layers.size(), kMaxNamedLayers); ++k) {
        const std::string card = layers[k].op->card(layers[k].params);
        name += (k == 0 ? "" : " → ") + layers[k].op->torch_name + (card.empty() ? "" : " ") + card;
    }
    if (layers.size() > kMaxNamedLayers) name += fmt::format(" → … ({} layers)", layers.size());
    return display_text(name, 120);
}

}  // namespace

PytorchResult read_pytorch(std::string_view text, const PytorchOptions& options) {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    PytorchResult result;
    if (text.size() > kMaxPytorchBytes) {
        result.error = fmt::format("The text has {} bytes; at most {} are read.",
                                   grouped_text(static_cast<int64_t>(text.size())),
                                   grouped_text(static_cast<int64_t>(kMaxPytorchBytes)));
        return result;
    }
    try {
        NetworkReader(text, result.document).read();
        result.document.name = network_name(result.document.layers);
        fill_in(result, options);
    } catch (const TextFailure& failure) {
        const TextPlace place = place_in(text, failure.at);
        result.error = sentence_of(place, failure.what);
        result.line = place.line;
        result.column = place.column;
    } catch (const std::bad_alloc&) {
        result.error = "There is not enough memory for this network.";
    }
    if (!result.ok()) result.document = {};
    return result;
}

bool looks_like_pytorch(std::string_view text) {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    try {
        Lexer lexer(text.substr(0, 65536));
        lexer.skip_line_ends();
        if (lexer.next().is("{")) return false;  // JSON
        if (lexer.next().text == "import" || lexer.next().text == "from") return true;
        for (std::string_view library; lexer.next().kind != Token::Kind::end;) {
            const Token word = lexer.take();
            if (word.kind != Token::Kind::name) continue;
            if (lexer.next().is(".")) {
                library = word.text;
                lexer.take();
                continue;
            }
            const bool known = op_of(word.text) || word.text == "Sequential";
            if (lexer.next().is("(") && (known || library == "nn")) return true;
            library = {};
        }
    } catch (const TextFailure&) {}
    return false;
}

}  // namespace convscope
