using System;

namespace BranchXR.Panels
{
    /// <summary>The one question that may be open, and the way of its answer. Main thread only.</summary>
    public sealed class Confirmations
    {
        private const double LifetimeS = 120;

        private readonly Action<ConfirmationOutcome> answer;
        private double nowS;

        /// <summary>Hand all outcomes to one place; each question has exactly one.</summary>
        public Confirmations(Action<ConfirmationOutcome> answer)
        {
            if (answer == null) throw new ArgumentNullException("answer");
            this.answer = answer;
        }

        /// <summary>A question is open: draw it.</summary>
        public event Action<Confirmation> Opened;

        /// <summary>A question is over: take it away.</summary>
        public event Action<Confirmation> Closed;

        /// <summary>The open question, or null.</summary>
        public Confirmation Current { get; private set; }

        /// <summary>Ask for a yes to canonical bytes; a question that is open is replaced.</summary>
        /// <param name="id">Which question.</param>
        /// <param name="canonical">Shown and hashed as they are; refused unless they are an intent.</param>
        /// <param name="relyingParty">The branch that is connected; an intent of another one is refused.</param>
        public void Ask(string id, byte[] canonical, string relyingParty)
        {
            Intent intent;
            try
            {
                intent = Intent.Read(canonical);
            }
            catch (BranchError error)
            {
                answer(new ConfirmationOutcome(id, null, error.Code));
                return;
            }
            if (intent.RelyingParty != relyingParty)
            {
                answer(new ConfirmationOutcome(id, null, "rp_mismatch"));
                return;
            }
            if (Current != null) Settle(Current, "replaced");
            // Counted from when it came: this machine's clock may be wrong, and the branch decides anyway.
            Current = new Confirmation(this, id, intent, nowS + LifetimeS);
            if (Opened != null) Opened(Current);
        }

        /// <summary>Nobody waits for that answer any more.</summary>
        public void Over(string id)
        {
            if (Current != null && Current.Id == id) Settle(Current, "over");
        }

        /// <summary>Let time pass, each frame.</summary>
        /// <param name="nowS">Seconds of this side's clock, such as <c>Time.realtimeSinceStartupAsDouble</c>.</param>
        public void Tick(double nowS)
        {
            this.nowS = nowS;
            if (Current != null && nowS >= Current.EndsAtS) Settle(Current, "approval_expired");
        }

        /// <summary>End what is open: the stage is left.</summary>
        public void Clear()
        {
            if (Current != null) Settle(Current, "over");
        }

        internal void Settle(Confirmation confirmation, string refusedCode)
        {
            if (Current != confirmation) return;
            if (refusedCode == null && nowS >= confirmation.EndsAtS) refusedCode = "approval_expired";
            Current = null;
            if (Closed != null) Closed(confirmation);
            byte[] shown = refusedCode == null ? confirmation.Intent.Challenge() : null;
            answer(new ConfirmationOutcome(confirmation.Id, shown, refusedCode));
        }
    }
}
