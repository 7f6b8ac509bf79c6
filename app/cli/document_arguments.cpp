#include "app/cli/document_arguments.h"

#include <filesystem>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/cli/apply.h"
#include "app/cli/subcommands.h"
#include "core/document_json.h"
#include "core/document_line.h"
#include "core/io/files.h"
#include "core/io/image.h"
#include "core/io/npy.h"
#include "core/pytorch_read.h"
#include "core/tensor_files.h"

namespace convscope {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";

bool exists(const std::string& path) {
    std::error_code error;
    return std::filesystem::exists(to_path(path), error) && !error;
}

std::string_view without_mark(std::string_view text) {
    return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

/// Sentences of readers that name no file.
std::string in_file(const std::string& path, const std::string& sentence) {
    return fmt::format("{}: {}", display_name(path), sentence);
}

/// A tensor's file: .npy, a picture, a text of numbers, or "a.safetensors:name".
std::optional<Tensor> load_tensor_file(const std::string& path, std::string& error) {
    if (path.find(".safetensors") != std::string::npos) {
        LoadedTensor loaded = read_tensor_file(path);
        error = loaded.error;
        return loaded.ok() ? std::optional(std::move(loaded.tensor)) : std::nullopt;
    }
    const FileResult file = read_file(path, kMaxImageBytes);
    if (!file.ok()) {
        error = file.error;
        return {};
    }
    const std::string name = display_name(path);
    if (file.bytes.starts_with("\x93NUMPY") || file.bytes.starts_with("PK\x03\x04")) {
        NpyResult npy = parse_npy(bytes_of(file.bytes), name);
        error = npy.error;
        return npy.ok() ? std::optional(std::move(npy.tensor)) : std::nullopt;
    }
    const std::string_view text = without_mark(file.bytes);
    const size_t start = text.find_first_not_of(" \t\r\n");
    const bool is_text = start != std::string_view::npos &&
                         text.substr(start).find_first_of("[(t0123456789-+.") == 0 &&
                         text.size() <= kMaxTensorTextBytes &&
                         text.find('\0') == std::string_view::npos;
    if (is_text) {
        TensorText read = read_tensor_text(text);
        if (read.ok()) return std::move(read.tensor);
        error = in_file(path, read.error);
        return {};
    }
    ImageResult image = load_image_bytes(bytes_of(file.bytes), name);
    error = image.error;
    return image.ok() ? std::optional(std::move(image.tensor)) : std::nullopt;
}

PytorchOptions options_of(const DocumentArguments& arguments) {
    return {arguments.input, arguments.weight, arguments.bias, load_tensor_file};
}

/// `text` is what the document's own line and column are counted in.
ArgumentDocument made(PytorchResult read, std::string_view text,
                      const DocumentArguments& arguments) {
    ArgumentDocument result{std::move(read.document), std::move(read.error), ""};
    if (result.ok()) return result;
    if (!read.option.empty()) result.error = "--" + result.error;
    const std::string_view typed = read.option == "input"    ? std::string_view(arguments.input)
                                   : read.option == "weight" ? std::string_view(arguments.weight)
                                   : read.option == "bias"   ? std::string_view(arguments.bias)
                                                             : text;
    result.caret = caret_lines(typed, read.line, read.column);
    return result;
}

/// The weights of the file of --weights, and then again the single ones, which go before it.
ArgumentDocument with_weights(ArgumentDocument read, const DocumentArguments& arguments) {
    if (!read.ok() || arguments.weights.empty()) return read;
    std::string note, error;
    read.document = with_weights_file(std::move(read.document), arguments.weights, note, error);
    if (!error.empty()) return {{}, error, ""};
    PytorchOptions single = options_of(arguments);
    single.input.clear();
    read = made(with_numbers(std::move(read.document), single), "", arguments);
    read.note = note;
    return read;
}

ArgumentDocument read_line(std::string_view text, const DocumentArguments& arguments) {
    DocumentResult read = read_document_line(text);
    if (!read.ok()) return {{}, read.error, ""};
    return with_numbers(std::move(read.document), arguments);
}

ArgumentDocument read_file_document(const std::string& path, const DocumentArguments& arguments) {
    const FileResult file = read_file(path, kMaxDocumentBytes);
    if (!file.ok()) return {{}, file.error, ""};
    const std::string_view text = without_mark(file.bytes);
    if (const size_t start = text.find_first_not_of(" \t\r\n");
        start != std::string_view::npos && text[start] == '{') {
        DocumentResult read = load_document(path);
        if (!read.ok()) return {{}, read.error, ""};
        return with_numbers(std::move(read.document), arguments);
    }
    if (holds_document_line(text)) return read_line(text, arguments);
    if (!looks_like_pytorch(text))
        return {
            {},
            display_name(path) +
                " is neither a document nor PyTorch text; numbers and pictures go into --input.",
            ""};
    ArgumentDocument result = made(read_pytorch(text, options_of(arguments)), text, arguments);
    if (!result.ok() && !result.error.starts_with("--")) result.error = in_file(path, result.error);
    return with_weights(std::move(result), arguments);
}

/// A file that holds layers instead of a document, numbers or a picture.
bool is_pytorch_file(const std::string& path) {
    if (path.empty() || !exists(path)) return false;
    const FileResult file = read_file(path, static_cast<int64_t>(kMaxPytorchBytes));
    return file.ok() && looks_like_pytorch(file.bytes);
}

}  // namespace

void add_number_options(CLI::App& app, DocumentArguments& arguments) {
    app.add_option("--input", arguments.input,
                   "The input: nested lists, torch.arange(49.).view(7, 7), 7x7 or 3x32x32 "
                   "(filled), or a file");
    app.add_option("--weight", arguments.weight,
                   "The weight of the first layer that has one, in the same ways");
    app.add_option("--bias", arguments.bias, "The bias of the first layer that has one");
    app.add_option(
        "--weights", arguments.weights,
        "Weights of all layers: PyTorch's state_dict as .safetensors, or one weight as .npy");
}

bool is_expression(const std::string& argument) {
    return !exists(argument) &&
           (holds_document_line(argument) || looks_like_pytorch(argument) || argument.find('(') != std::string::npos);
}

int ArgumentDocument::fail(const Output& output) const {
    const int code = output.fail(error);
    if (!caret.empty()) output.err << caret << std::flush;
    return code;
}

void ArgumentDocument::tell(const Output& output) const {
    if (!note.empty()) output.err << "convscope: " << note << '\n' << std::flush;
}

ArgumentDocument read_document(const DocumentArguments& arguments) {
    const std::string& text = arguments.document;
    if (!exists(text) && holds_document_line(text)) return read_line(text, arguments);
    if (is_expression(text))
        return with_weights(made(read_pytorch(text, options_of(arguments)), text, arguments),
                            arguments);
    return read_file_document(text, arguments);
}

ArgumentDocument with_numbers(Document document, const DocumentArguments& arguments) {
    return with_weights(
        made(with_numbers(std::move(document), options_of(arguments)), "", arguments), arguments);
}

ArgumentDocument open_arguments(App& app, const DocumentArguments& arguments, bool waits) {
    const std::string& text = arguments.document;
    if (is_expression(text) || is_pytorch_file(text)) {
        ArgumentDocument read = read_document(arguments);
        if (!read.ok()) return read;
        const std::string name = exists(text) ? display_name(text) : display_text(text, 60);
        show_document(app, std::move(read.document), "open " + name);
        if (!read.note.empty()) say(app, read.note);
        return {};
    }
    const std::string cannot = display_name(text) + " cannot be opened";
    if (!text.empty() && !open_file(app, text)) return {{}, newest_error(app, cannot), ""};
    if (!waits && !arguments.has_numbers()) return {};
    // A large file is read aside.
    wait_until_settled(app);
    if (!text.empty() && !newest_error(app).empty()) return {{}, newest_error(app, cannot), ""};
    if (!arguments.has_numbers()) return {};
    ArgumentDocument read = with_numbers(app.state.document, arguments);
    if (!read.ok()) return read;
    show_document(app, std::move(read.document), "numbers from the command line");
    if (!read.note.empty()) say(app, read.note);
    return {};
}

}  // namespace convscope
