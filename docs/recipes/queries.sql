-- DuckDB over the rows of sweeps: duckdb < queries.sql. Files may be plain or compressed with zstd.

-- Share of each verdict by a key of the grid: the loss of the link.
SELECT loss, verdict, runs, round(100.0 * runs / sum(runs) OVER (PARTITION BY loss), 2) AS percent
FROM (
    SELECT point."link.loss" AS loss, verdict, count(*) AS runs
    FROM read_json('rows.jsonl') GROUP BY ALL
)
ORDER BY loss, verdict;

-- The seeds that lost the most bytes, with the command that runs each again.
SELECT seed, lost, verdict, reproduce
FROM read_json('rows.jsonl.zst')
ORDER BY lost DESC, seed LIMIT 5;

-- Seeds whose run differs between two versions of the program: the digest covers every packet.
SELECT old.seed, old.verdict AS before, new.verdict AS after
FROM read_json('old.jsonl') AS old JOIN read_json('new.jsonl') AS new USING (point, seed)
WHERE old.digest <> new.digest
ORDER BY old.seed LIMIT 20;

-- The same from CSV, compressed with zstd.
SELECT verdict, count(*) AS runs, max(virtual_us) / 1e6 AS longest_s
FROM read_csv('rows.csv.zst') GROUP BY verdict ORDER BY verdict;
