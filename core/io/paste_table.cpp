// Pasted lines of numbers: spreadsheet cells (tabs), CSV (semicolons or commas), rows with spaces.
#include <algorithm>

#include <fmt/format.h>

#include "core/io/paste_parts.h"

namespace convscope {
namespace {

/// A piece of the text, by place.
struct Field {
    size_t begin = 0, end = 0;
    std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
};

struct Row {
    std::vector<Field> fields;
    bool after_blank = false;  // an empty line stands before it
};

constexpr char kSpaces = ' ';  // stands for "any number of spaces"

// Splitting stops soon behind this many pieces; the reader then says that they are too many.
constexpr size_t kMaxPieces = static_cast<size_t>(kMaxPastedValues) + 1;

/// Lines that are not blank.
std::vector<Row> split_lines(std::string_view text) {
    std::vector<Row> rows;
    bool blank = false;
    for (size_t at = 0; at < text.size() && rows.size() <= kMaxPieces;) {
        const size_t end = std::min(text.find_first_of("\r\n", at), text.size());
        size_t begin = at;
        while (begin < end && skip_space(text, begin)) {}
        if (begin < end) {
            rows.push_back({{{at, end}}, blank && !rows.empty()});
            blank = false;
        } else {
            blank = true;
        }
        at = end + 1;
        if (text.substr(end).starts_with("\r\n")) ++at;
    }
    return rows;
}

/// The strongest separator that occurs: in a locale with decimal commas, cells are separated by tabs or semicolons.
char find_separator(std::string_view text) {
    for (const char separator : {'\t', ';', ','})
        if (text.find(separator) != std::string_view::npos) return separator;
    return kSpaces;
}

/// Without spaces and quotation marks around it.
Field trimmed(std::string_view text, Field field) {
    while (field.begin < field.end && skip_space(text, field.begin)) {}
    for (size_t at = field.begin; at < field.end;) {
        size_t end = at;
        while (end < field.end && skip_space(text, end)) {}
        if (end == field.end) field.end = at;
        at = end == at ? at + 1 : end;
    }
    const std::string_view content = field.of(text);
    if (content.size() >= 2 && content.front() == '"' && content.back() == '"')
        ++field.begin, --field.end;
    return field;
}

std::vector<Field> split_at_spaces(std::string_view text, Field line) {
    std::vector<Field> fields;
    for (size_t at = line.begin; at < line.end && fields.size() <= kMaxPieces;) {
        if (skip_space(text, at)) continue;
        Field field{at, at};
        size_t next = at;
        while (field.end < line.end && !skip_space(text, next)) next = ++field.end;
        fields.push_back(field);
        at = field.end;
    }
    return fields;
}

std::vector<Field> split(std::string_view text, Field line, char separator) {
    if (separator == kSpaces) return split_at_spaces(text, line);
    std::vector<Field> fields;
    for (size_t at = line.begin;;) {
        const size_t end = std::min(text.find(separator, at), line.end);
        fields.push_back(trimmed(text, {at, end}));
        if (end == line.end || fields.size() > kMaxPieces) return fields;
        at = end + 1;
    }
}

/// Some programs end every line with a separator.
void drop_empty_last_column(std::vector<Row>& rows) {
    const auto ends_empty = [](const Row& row) {
        return row.fields.size() > 1 && row.fields.back().begin == row.fields.back().end;
    };
    if (!std::all_of(rows.begin(), rows.end(), ends_empty)) return;
    for (Row& row : rows) row.fields.pop_back();
}

/// True for "1,234": one to three digits that do not start with 0, a comma, three digits.
bool may_be_thousands(std::string_view field) {
    if (field.starts_with('-') || field.starts_with('+')) field.remove_prefix(1);
    if (field.starts_with("\u2212")) field.remove_prefix(3);
    const size_t comma = field.find(',');
    const auto digits = [](std::string_view part) {
        return std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    return comma >= 1 && comma <= 3 && field.size() == comma + 4 && field[0] != '0' &&
           digits(field.substr(0, comma)) && digits(field.substr(comma + 1));
}

/// Whether commas inside fields are decimal signs, where fields are separated by something else. "" or what is unclear
/// about the field at `unclear`.
std::string find_decimal_comma(std::string_view text, const std::vector<Row>& rows, char separator,
                               bool& decimal_comma, size_t& unclear) {
    bool has_point = false, all_thousands = true;
    const Field* comma_field = nullptr;
    for (const Row& row : rows)
        for (const Field& field : row.fields) {
            const std::string_view content = field.of(text);
            has_point = has_point || content.find('.') != std::string_view::npos;
            if (content.find(',') == std::string_view::npos) continue;
            all_thousands = all_thousands && may_be_thousands(content);
            if (comma_field == nullptr) comma_field = &field;
        }
    decimal_comma = comma_field != nullptr;
    if (!decimal_comma) return "";
    unclear = comma_field->begin;
    const std::string shown = quoted(comma_field->of(text));
    if (has_point)
        return shown +
               " has a comma where other numbers have a point; write numbers with a point only";
    if (separator == '\t' && all_thousands) {
        std::string with_point(comma_field->of(text)), without(with_point);
        with_point.replace(with_point.find(','), 1, ".");
        without.erase(without.find(','), 1);
        return fmt::format("{} may be {} or {}; write one of them", shown, with_point, without);
    }
    return "";
}

std::string expected_number(std::string_view text, const Field& field, char separator) {
    const std::string_view content = field.of(text);
    if (content.empty()) return "a number was expected, the cell is empty";
    std::string sentence = quoted(content) + " is not a number";
    if (separator == ',' && content.find(' ') != std::string_view::npos)
        sentence += "; separate numbers by commas or by spaces, not by both";
    return sentence;
}

/// Blocks of rows between blank lines are planes when they are alike and higher than one row.
PasteResult shape_of(const std::vector<Row>& rows, std::vector<float> values) {
    std::vector<size_t> blocks{0};
    for (const Row& row : rows) {
        if (row.after_blank) blocks.push_back(0);
        ++blocks.back();
    }
    const auto width = static_cast<int64_t>(rows[0].fields.size());
    const auto height = static_cast<int64_t>(rows.size());
    const bool single_rows =
        std::all_of(blocks.begin(), blocks.end(), [](size_t block) { return block == 1; });
    if (blocks.size() == 1 || single_rows) return {{{1, 1, height, width}, std::move(values)}, ""};
    for (size_t i = 1; i < blocks.size(); ++i) {
        if (blocks[i] == blocks[0]) continue;
        const std::string rows_there = counted(blocks[i], "row", "rows");
        return {{},
                fmt::format(
                    "Block {} has {}, block 1 has {}; blocks between blank lines become channels.",
                    i + 1, rows_there, blocks[0])};
    }
    const auto channels = static_cast<int64_t>(blocks.size());
    return {{{1, channels, height / channels, width}, std::move(values)}, ""};
}

}  // namespace

PasteResult parse_table(std::string_view text) {
    std::vector<Row> rows = split_lines(text);
    if (rows.empty()) return {{}, "The clipboard holds no text; numbers were expected."};
    const char separator = find_separator(text);
    size_t count = 0;
    for (Row& row : rows) {
        row.fields = split(text, row.fields[0], separator);
        count += row.fields.size();
        if (count > kMaxPieces + rows.size()) return too_many();
    }
    drop_empty_last_column(rows);

    bool decimal_comma = false;
    if (separator == '\t' || separator == ';') {
        size_t unclear = 0;
        const std::string wrong = find_decimal_comma(text, rows, separator, decimal_comma, unclear);
        if (!wrong.empty()) return refused(text, unclear, wrong);
    }
    std::vector<float> values;
    for (size_t r = 0; r < rows.size(); ++r) {
        for (const Field& field : rows[r].fields) {
            std::string content(field.of(text));
            if (const size_t comma = content.find(','); decimal_comma && comma != std::string::npos)
                content[comma] = '.';
            const std::optional<double> number = read_number(content);
            if (!number) return refused(text, field.begin, expected_number(text, field, separator));
            const std::optional<float> value = as_float(*number);
            if (!value)
                return refused(text, field.begin,
                               quoted(field.of(text)) + " is beyond float32, which ends at 3.4e38");
            values.push_back(*value);
        }
        if (rows[r].fields.size() != rows[0].fields.size())
            return {{},
                    fmt::format("Row {} has {}, row 1 has {}.", r + 1,
                                counted(rows[r].fields.size(), "number", "numbers"),
                                rows[0].fields.size())};
    }
    if (values.size() > static_cast<size_t>(kMaxPastedValues)) return too_many();
    return shape_of(rows, std::move(values));
}

}  // namespace convscope
