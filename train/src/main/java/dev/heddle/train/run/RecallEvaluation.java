package dev.heddle.train.run;

import dev.heddle.train.TrainingPass;
import dev.heddle.train.data.Stretch;
import dev.heddle.train.recall.RecallSource;
import dev.heddle.train.recall.RecallTask;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Loss and accuracy on held-out sequences of recall tasks: an answer is right if its token is the most likely one of
/// the whole vocabulary.
final class RecallEvaluation implements Evaluation {
    /// Answers whose logits exist at the same time.
    private static final int ANSWERS = 512;

    private final Map<Integer, List<List<Stretch>>> batches = new LinkedHashMap<>();
    private long tokens;

    /// @param most tokens after which no other sequence begins, of all tasks together
    RecallEvaluation(List<RecallTask> tasks, long seed, long most) {
        for (RecallTask task : tasks) {
            List<List<Stretch>> ofTask = new ArrayList<>();
            int size = Math.max(1, ANSWERS / task.pairs());
            long sequences = most / tasks.size() / task.length();
            for (long i = 0; i < sequences; i++) {
                if (i % size == 0) {
                    ofTask.add(new ArrayList<>());
                }
                ofTask.getLast().add(RecallSource.sequence(List.of(task), seed, i, 0));
            }
            batches.put(task.pairs(), ofTask);
            tokens += sequences * task.length();
        }
    }

    @Override
    public long tokens() {
        return tokens;
    }

    @Override
    public Result measure(TrainingPass pass) {
        Map<Integer, Double> accuracy = new LinkedHashMap<>();
        double loss = 0;
        long answers = 0;
        for (Map.Entry<Integer, List<List<Stretch>>> task : batches.entrySet()) {
            long right = 0;
            long asked = 0;
            for (List<Stretch> batch : task.getValue()) {
                TrainingPass.Answers given = pass.answer(batch);
                loss += given.loss();
                right += given.right();
                asked += batch.stream().mapToLong(Stretch::predictions).sum();
            }
            accuracy.put(task.getKey(), (double) right / asked);
            answers += asked;
        }
        return new Result(loss / answers, accuracy);
    }
}
