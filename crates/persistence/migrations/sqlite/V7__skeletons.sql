-- The capital of i looks like l: a skeleton has the one for the other now. Of accounts that turn out to look alike the
-- first keeps its skeleton; the others keep their names.
UPDATE players SET username_skeleton = NULL WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY replace(username_skeleton, 'i', 'l') ORDER BY id) AS place
        FROM players WHERE username_skeleton IS NOT NULL
    ) AS looks
    WHERE place > 1
);
UPDATE players SET username_skeleton = replace(username_skeleton, 'i', 'l') WHERE username_skeleton LIKE '%i%';
