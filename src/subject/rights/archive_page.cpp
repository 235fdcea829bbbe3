// The page is for the person whom it is about, who may know nothing of databases or of the law: short sentences, and
// the article beside them for who wants to look it up.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/utf8.h"
#include "subject/rights/archive_index.h"

namespace eunomia::subject {

namespace {

constexpr std::string_view head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your data</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
h1, h2, h3 { line-height: 1.25 } h2 { margin-top: 2.5rem } h3 { margin-top: 2rem }
table { border-collapse: collapse; margin: .5rem 0 } th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #ddd }
dt { font-weight: 600; margin-top: .5rem } dd { margin: 0 0 0 1rem } blockquote { margin: .25rem 0; padding-left: 1rem; border-left: 3px solid #ccc; white-space: pre-wrap }
code { font-size: .95em; overflow-wrap: anywhere }
</style>
</head>
<body>
)";

// Control characters have no place in HTML; the files beside the page have them as they are.
std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = core::utf8_sequence_at_front(text);
    const auto first = static_cast<unsigned char>(text.front());
    const bool control = first < 0x20 ? first != '\n' && first != '\t' : first == 0x7F;
    if (length == 0 || control) {
      out += "\xEF\xBF\xBD";  // U+FFFD
    } else if (text.front() == '&') {
      out += "&amp;";
    } else if (text.front() == '<') {
      out += "&lt;";
    } else if (text.front() == '>') {
      out += "&gt;";
    } else if (text.front() == '"') {
      out += "&quot;";
    } else if (text.front() == '\'') {
      out += "&#39;";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

// A text that is not ours, on its own: what it does to the direction of writing ends with it.
std::string own(std::string_view text) {
  return "<bdi>" + escaped(text) + "</bdi>";
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    out += (out.empty() ? "" : ", ") + own(text);
  }
  return out;
}

std::string counted(std::uint64_t rows) {
  return rows == 1 ? "1 row" : fmt::format("{} rows", rows);
}

std::string_view origin_in_words(std::string_view origin) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> words = {{
      {"provided", "You provided it."},
      {"observed", "It was observed of what you did."},
      {"inferred", "It was computed from what you did."},
      {"recorded", "It was recorded when your data was handled."},
  }};
  const auto found = std::ranges::find(words, origin, [](const auto& one) { return one.first; });
  return found == words.end() ? std::string_view() : found->second;
}

std::string_view basis_in_words(std::string_view basis) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> words = {{
      {"consent", "You consented to it (GDPR Art. 6(1)(a)). You may withdraw your consent at any time."},
      {"contract", "A contract with you needs it (GDPR Art. 6(1)(b))."},
      {"legal_obligation", "A law demands it (GDPR Art. 6(1)(c))."},
      {"vital_interests", "It protects somebody's life or health (GDPR Art. 6(1)(d))."},
      {"public_task", "A task in the public interest needs it (GDPR Art. 6(1)(e)). You may object to it."},
      {"legitimate_interests", "A legitimate interest is pursued with it (GDPR Art. 6(1)(f)). You may object to it."},
  }};
  const auto found = std::ranges::find(words, basis, [](const auto& one) { return one.first; });
  return found == words.end() ? std::string_view() : found->second;
}

std::string file_link(const std::string& file, std::string_view label) {
  return fmt::format(R"(<a href="{}">{}</a>)", escaped(file), label);
}

void add_introduction(std::string& out, const archive_index& index) {
  std::uint64_t rows = 0;
  for (const indexed_part& part : index.parts) {
    rows += part.rows;
  }
  const bool portable = index.scope == archive_scope::portability;
  out += "<h1>Your data</h1>\n";
  out += fmt::format("<p>Made on <time>{}</time> (UTC). {} in {} parts.</p>\n", escaped(index.made_at), counted(rows),
                     index.parts.size());
  out += portable
             ? "<p>This archive has what you provided and what was observed of what you did, in files that other "
               "services can read (GDPR Art. 20). It is handed over whatever the legal ground is, also where the "
               "law asks for it only with your consent or a contract. What was computed about you is in an archive "
               "of everything, which you may ask for too (Art. 15).</p>\n"
             : "<p>This archive has everything that this server holds about you (GDPR Art. 15). Each part says what "
               "it is, why it is held, for how long, and who received it.</p>\n";
  out +=
      "<p>Each part is there twice: as a table for a spreadsheet (CSV, with commas) and for programs (JSON). In the "
      "tables a text that a spreadsheet would take for a formula, or that begins with an apostrophe, has one "
      "apostrophe more in front; in JSON it stands as it is. Times are UTC. "
      "<a href=\"index.json\">index.json</a> says the same as this page.</p>\n";
}

void add_facts(std::string& out, const indexed_part& part) {
  out += "<dl>\n";
  out += fmt::format("<dt>Where it comes from</dt><dd>{}</dd>\n", origin_in_words(part.origin));
  out += fmt::format("<dt>Kind of data</dt><dd>{}</dd>\n", list_of(part.categories));
  out += "<dt>Why it is held</dt><dd>";
  if (part.purposes.empty()) {
    out +=
        "For no use of the controller's own: to find you, to respect what you chose, and to show that the law is kept.";
  }
  for (const std::string& purpose : part.purposes) {
    out += fmt::format("For the purpose {}, explained below. ", own(purpose));
  }
  out += "</dd>\n<dt>Where it rests, and how long</dt>";
  for (const indexed_place& place : part.places) {
    out +=
        fmt::format("<dd>{} Kept: {}. <code>{}</code></dd>\n", own(place.what), own(place.retention), own(place.place));
  }
  out += "<dt>Who received it</dt><dd>";
  out += part.recipients.empty()
             ? "This server has recorded no recipient. The controller tells you whom else they passed it to."
             : list_of(part.recipients);
  out += "</dd>\n</dl>\n";
}

void add_part(std::string& out, const indexed_part& part) {
  out += fmt::format("<h3>{}</h3>\n<p>{}</p>\n", own(part.title), own(part.what));
  if (part.csv && part.json) {
    out += fmt::format("<p>{}: {}, {}</p>\n", counted(part.rows), file_link(*part.csv, "table (CSV)"),
                       file_link(*part.json, "for programs (JSON)"));
  } else {
    out += "<p>Nothing is held here.</p>\n";
  }
  add_facts(out, part);
  if (part.rows == 0) {
    return;
  }
  out += "<table><thead><tr><th>Column</th><th>Type</th><th>Meaning</th></tr></thead><tbody>\n";
  for (const indexed_column& column : part.columns) {
    out += fmt::format("<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n", own(column.name), own(column.type),
                       own(column.what));
  }
  out += "</tbody></table>\n";
}

void add_purpose(std::string& out, const indexed_purpose& purpose) {
  out += fmt::format("<h3>{}</h3>\n<p>{}</p>\n", own(purpose.name), basis_in_words(purpose.lawful_basis));
  if (purpose.special_categories) {
    out += fmt::format("<p>It uses data of special categories, as GDPR Art. 9(2)({}) allows.</p>\n",
                       own(*purpose.special_categories));
  }
  out += purpose.retention_days
             ? fmt::format("<p>Data is used for it for at most {} days.</p>\n", *purpose.retention_days)
             : "<p>No period is set for it.</p>\n";
  out += fmt::format("<p>What you are told of it (version {}):</p>\n<blockquote>{}</blockquote>\n", purpose.version,
                     own(purpose.notice));
}

void add_omissions(std::string& out, const archive_index& index) {
  if (index.omissions.empty()) {
    return;
  }
  out +=
      "<h2>What else there is</h2>\n<p>These places hold, or may hold, something of you, and are not in the "
      "archive.</p>\n<table><thead><tr><th>What</th><th>Kept</th><th>Why it is not here</th></tr></thead><tbody>\n";
  for (const indexed_omission& one : index.omissions) {
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", own(one.place.what), own(one.place.retention),
                       own(one.why));
  }
  out += "</tbody></table>\n";
}

constexpr std::string_view rights = R"(<h2>Your rights</h2>
<p>You may ask the controller, who runs this server, for each of these. It costs nothing, and they answer within a month.</p>
<ul>
<li>To see what is held about you, and have a copy: this archive (GDPR Art. 15).</li>
<li>To have what is wrong put right (Art. 16).</li>
<li>To have it erased, from what was learned of it too (Art. 17).</li>
<li>To have it kept and not used, while something is in dispute (Art. 18).</li>
<li>To take what you provided elsewhere (Art. 20).</li>
<li>To object to uses that rest on a legitimate interest or a public task, and at any time to direct marketing (Art. 21).</li>
<li>To withdraw a consent, as easily as you gave it (Art. 7(3)).</li>
<li>To have a person look at a decision that a machine made about you (Art. 22).</li>
<li>To complain to the data protection authority where you live, where you work, or where you think that the law was broken (Art. 77).</li>
</ul>
<p>The controller also tells you what this page cannot know: who they and their data protection officer are, whom they
passed data to outside of this server, and whether any of it leaves the European Union, with which safeguards.</p>
)";

}  // namespace

std::string index_page(const archive_index& index) {
  std::string out(head);
  add_introduction(out, index);
  out += "<h2>The parts</h2>\n";
  for (const indexed_part& part : index.parts) {
    add_part(out, part);
  }
  if (!index.purposes.empty()) {
    out += "<h2>What it is used for</h2>\n";
    for (const indexed_purpose& purpose : index.purposes) {
      add_purpose(out, purpose);
    }
  }
  add_omissions(out, index);
  out += rights;
  return out += "</body>\n</html>\n";
}

}  // namespace eunomia::subject
