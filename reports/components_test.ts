import { assertStringIncludes } from "@std/assert";
import { renderToString } from "preact-render-to-string";
import { Table } from "./components.tsx";

Deno.test("a table has its headings, with the class of those that have one", () => {
  const columns = ["Name", ["Value", "number"]] as const;
  const plain = renderToString(Table({ label: "Values", columns, children: "rows" }));
  assertStringIncludes(plain, 'aria-label="Values"');
  assertStringIncludes(
    plain,
    '<table><thead><tr><th scope="col">Name</th><th scope="col" class="number">Value</th></tr>' +
      "</thead><tbody>rows</tbody></table>",
  );
  const named = renderToString(Table({ label: "Values", class: "own", columns, children: "rows" }));
  assertStringIncludes(named, '<table class="own"><thead>');
});
