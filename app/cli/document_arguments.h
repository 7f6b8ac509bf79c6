// A document from the command line: a file or a PyTorch expression, with numbers of its own. One place for every
// sub-command that takes one.
#pragma once

#include <string>

#include "app/app.h"
#include "app/cli/cli.h"

namespace CLI {
class App;
}

namespace convscope {

/// Registers --input, --weight, --bias and --weights.
void add_number_options(CLI::App& app, DocumentArguments& arguments);

/// True for an argument that is no file's name but an expression: "nn.Conv2d(1, 1, 3)".
bool is_expression(const std::string& argument);

struct ArgumentDocument {
    Document document;
    std::string error;  // a sentence; "" when it was made
    std::string caret;  // where it is in what was typed: lines to print below the sentence
    std::string note = {};  // what became of the tensors of --weights; "" without
    bool ok() const { return error.empty(); }
    /// Prints both; the exit code.
    int fail(const Output& output) const;
    /// Prints the note, if there is one, on standard error.
    void tell(const Output& output) const;
};

/// The document that the arguments describe: a document's file, a file of PyTorch text, or an expression.
ArgumentDocument read_document(const DocumentArguments& arguments);

/// `document` with the arguments' numbers in place of its own.
ArgumentDocument with_numbers(Document document, const DocumentArguments& arguments);

/// The same in the app: opens the document, the picture or the tensor, then puts the numbers in. No argument: what is
/// open gets the numbers. `document` of the answer is left empty. Without `waits` a large file is still being read then.
ArgumentDocument open_arguments(App& app, const DocumentArguments& arguments, bool waits = true);

}  // namespace convscope
